variable "environment" {
  description = "Name of the environment, part of every name: dev, stage or prod, with an optional suffix that begins with a digit."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(dev|stage|prod)([0-9][a-z0-9]{0,7})?$", var.environment))
    error_message = "environment must be dev, stage or prod, optionally followed by a digit and at most 7 letters or digits: dev7f3a."
  }
}

variable "function_arns" {
  description = "ARNs of the functions that the state machine invokes, in this order: backfill, silver, gold."
  type = object({
    backfill = string
    silver   = string
    gold     = string
  })
  nullable = false

  validation {
    condition     = alltrue([for arn in values(var.function_arns) : can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+$", arn))])
    error_message = "function_arns must be ARNs of functions, without a version or an alias."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key of the log group; its key policy must let CloudWatch Logs use it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not an id or an alias."
  }
}

variable "log_retention_in_days" {
  description = "Days for which log lines are kept."
  type        = number
  default     = 14
  nullable    = false
}
