variable "name" {
  description = "Name of the function, and of its role, log group, queue and schedule."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^dp-[a-z0-9-]{1,52}$", var.name))
    error_message = "name must be dp-… in lower case, at most 55 characters: its role's name, with -schedule, may have 64."
  }
}

variable "description" {
  description = "What the function does, in one sentence."
  type        = string
  nullable    = false
}

variable "archive" {
  description = "Path of the deployment archive, a zip."
  type        = string
  nullable    = false
}

variable "handler" {
  description = "Entry point in the archive: package.module.function."
  type        = string
  nullable    = false
}

variable "environment_variables" {
  description = "The function's environment. Names and addresses only: it can be read by everybody who may see the function."
  type        = map(string)
  nullable    = false
}

variable "policy" {
  description = "JSON policy of what the function's code may do. Its log and its failure queue are granted here."
  type        = string
  nullable    = false

  validation {
    condition     = can(jsondecode(var.policy).Statement)
    error_message = "policy must be a JSON policy document."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts the log group; its key policy must let CloudWatch Logs use it."
  type        = string
  nullable    = false
}

variable "timeout" {
  description = "Seconds after which Lambda ends a run."
  type        = number
  nullable    = false

  validation {
    condition     = var.timeout >= 1 && var.timeout <= 900
    error_message = "timeout must be between 1 and 900 seconds, as Lambda has it."
  }
}

variable "memory_size" {
  description = "Memory in MB; the CPU share grows with it."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240
    error_message = "memory_size must be between 128 and 10240 MB, as Lambda has it."
  }
}

variable "ephemeral_storage_size" {
  description = "Size of /tmp in MB. Up to 512 costs nothing."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.ephemeral_storage_size >= 512 && var.ephemeral_storage_size <= 10240
    error_message = "ephemeral_storage_size must be between 512 and 10240 MB, as Lambda has it."
  }
}

variable "reserved_concurrency" {
  description = "Runs at the same time at most, -1 for no limit of its own. An account whose whole quota is 10 (a new one) cannot reserve any."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.reserved_concurrency == -1 || var.reserved_concurrency >= 1
    error_message = "reserved_concurrency must be -1 or at least 1; with 0 the function could never run."
  }
}

variable "schedule_expression" {
  description = "When the function runs, as EventBridge Scheduler writes it: rate(5 minutes), cron(15 * * * ? *). UTC. Null: only when it is invoked."
  type        = string
  default     = null

  validation {
    condition     = var.schedule_expression == null || can(regex("^(rate\\([1-9][0-9]* (minutes?|hours?|days?)\\)|cron\\(([^ ]+ ){5}[^ ]+\\))$", var.schedule_expression))
    error_message = "schedule_expression must be rate(value unit) or cron(with six fields)."
  }
}

variable "schedule_enabled" {
  description = "Whether the schedule, if there is one, starts the function."
  type        = bool
  default     = true
  nullable    = false
}

variable "maximum_event_age_in_seconds" {
  description = "Seconds after which an event that could not be handled is given up."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.maximum_event_age_in_seconds >= 60 && var.maximum_event_age_in_seconds <= 21600
    error_message = "maximum_event_age_in_seconds must be between 60 and 21600, as Lambda has it."
  }
}

variable "maximum_retry_attempts" {
  description = "How often a failed run is tried again: 0, 1 or 2."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([0, 1, 2], var.maximum_retry_attempts)
    error_message = "maximum_retry_attempts must be 0, 1 or 2, as Lambda has it."
  }
}

variable "on_success" {
  description = "A function to start after every success, with the result in its event."
  type        = object({ function_arn = string })
  default     = null
}

variable "log_retention_in_days" {
  description = "Days for which log lines are kept."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_in_days)
    error_message = "log_retention_in_days must be one of the periods that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, …"
  }
}
