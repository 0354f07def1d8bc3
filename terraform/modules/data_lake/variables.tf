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
  description = "Days after which data and access logs are deleted. Nothing is moved to a colder class before: Athena skips archived objects without a word."
  type        = number
  default     = 730
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number of days, 1 or more."
  }
}

variable "noncurrent_retention_days" {
  description = "Days for which replaced and deleted objects can still be brought back."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_retention_days >= 1 && floor(var.noncurrent_retention_days) == var.noncurrent_retention_days
    error_message = "noncurrent_retention_days must be a whole number of days, 1 or more."
  }
}

variable "results_retention_days" {
  description = "Days after which the results of Athena's queries are deleted."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.results_retention_days >= 1 && floor(var.results_retention_days) == var.results_retention_days
    error_message = "results_retention_days must be a whole number of days, 1 or more."
  }
}

variable "force_destroy" {
  description = "Let a destroy delete buckets that still hold data, every version of it. For environments that can be rebuilt."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_deletion_window_in_days" {
  description = "Days between a destroy and the deletion of the key, in which it can be recovered."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.kms_deletion_window_in_days >= 7 && var.kms_deletion_window_in_days <= 30
    error_message = "kms_deletion_window_in_days must be between 7 and 30, as KMS has it."
  }
}
