variable "environment" {
  description = "Name of the environment, part of every name: dev, stage or prod, with an optional suffix that begins with a digit."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(dev|stage|prod)([0-9][a-z0-9]{0,7})?$", var.environment))
    error_message = "environment must be dev, stage or prod, optionally followed by a digit and at most 7 letters or digits: dev7f3a."
  }
}

variable "bucket_names" {
  description = "Names of the buckets that hold the tables' files."
  type = object({
    raw    = string
    silver = string
    gold   = string
  })
  nullable = false
}

variable "kms_key_arn" {
  description = "ARN of the key of the buckets and of the log groups."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not an id or an alias."
  }
}

variable "database_name" {
  description = "Name of the Glue database."
  type        = string
  nullable    = false
}

variable "table_names" {
  description = "Names of the tables; each is also the prefix of its files."
  type = object({
    bronze      = string
    silver      = string
    gold        = string
    gold_hourly = string
    quality     = string
  })
  nullable = false
}

variable "work_group_name" {
  description = "Name of the Athena work group that the queries run in."
  type        = string
  nullable    = false
}

variable "archive" {
  description = "Path of the transforms' deployment archive."
  type        = string
  nullable    = false
}

variable "silver_schedule" {
  description = "When Silver is brought up to date, e.g. rate(1 hour)."
  type        = string
  default     = "rate(1 hour)"
  nullable    = false
}

variable "gold_schedule" {
  description = "When Gold is brought up to date if no Silver run did it, e.g. cron(30 0 * * ? *). UTC."
  type        = string
  default     = "cron(30 0 * * ? *)"
  nullable    = false
}

variable "schedules_enabled" {
  description = "Whether the schedules start the functions."
  type        = bool
  default     = true
  nullable    = false
}

variable "reserved_concurrency" {
  description = "Runs of each function at the same time at most, -1 for no limit of its own."
  type        = number
  default     = 1
  nullable    = false
}

variable "log_retention_in_days" {
  description = "Days for which log lines are kept."
  type        = number
  default     = 14
  nullable    = false
}
