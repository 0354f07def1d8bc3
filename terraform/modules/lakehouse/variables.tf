variable "environment" {
  description = "Name of the environment, part of every name: dev, stage or prod, with an optional suffix that begins with a digit."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(dev|stage|prod)([0-9][a-z0-9]{0,7})?$", var.environment))
    error_message = "environment must be dev, stage or prod, optionally followed by a digit and at most 7 letters or digits: dev7f3a."
  }
}

variable "retention_days" {
  description = "Days after which data and access logs are deleted."
  type        = number
  default     = 730
  nullable    = false
}

variable "force_destroy" {
  description = "Let a destroy delete buckets that still hold data. For environments that can be rebuilt."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_deletion_window_in_days" {
  description = "Days between a destroy and the deletion of the key, in which it can be recovered."
  type        = number
  default     = 30
  nullable    = false
}

variable "bytes_scanned_cutoff_per_query" {
  description = "Bytes after which Athena cancels a query. What was scanned until then is billed."
  type        = number
  default     = 10000000000
  nullable    = false
}

variable "ingestor_archive" {
  description = "Path of the ingestor's deployment archive."
  type        = string
  nullable    = false
}

variable "transform_archive" {
  description = "Path of the transforms' deployment archive."
  type        = string
  nullable    = false
}

variable "github_api_url" {
  description = "Address of the GitHub API."
  type        = string
  default     = "https://api.github.com"
  nullable    = false
}

variable "github_token_parameter" {
  description = "Name of the SSM SecureString (encrypted with aws/ssm) that holds a GitHub token. Empty: polls without a token, 60 requests an hour."
  type        = string
  default     = ""
  nullable    = false
}

variable "gharchive_url" {
  description = "Address of GH Archive, which holds every past hour of GitHub's public events."
  type        = string
  default     = "https://data.gharchive.org"
  nullable    = false
}

variable "ingest_schedule" {
  description = "When to poll GitHub, as EventBridge Scheduler writes it. UTC."
  type        = string
  default     = "rate(5 minutes)"
  nullable    = false
}

variable "silver_schedule" {
  description = "When Silver is brought up to date. UTC."
  type        = string
  default     = "rate(1 hour)"
  nullable    = false
}

variable "gold_schedule" {
  description = "When Gold is brought up to date if no Silver run did it. UTC."
  type        = string
  default     = "cron(30 0 * * ? *)"
  nullable    = false
}

variable "schedules_enabled" {
  description = "Whether the schedules start the functions. Without them everything is started by hand."
  type        = bool
  default     = true
  nullable    = false
}

variable "reserved_concurrency" {
  description = "Runs of each function at the same time at most (of the backfill: four, if this is a limit), -1 for no limit of its own. An account whose whole quota is 10 (a new one) cannot reserve any."
  type        = number
  default     = 1
  nullable    = false
}

variable "log_retention_in_days" {
  description = "Days for which the functions' log lines are kept."
  type        = number
  default     = 14
  nullable    = false
}
