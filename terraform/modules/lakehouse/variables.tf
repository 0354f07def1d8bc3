variable "environment" {
  description = "Name of the environment, part of every name: dev, stage or prod, with an optional suffix of letters and digits."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(dev|stage|prod)[a-z0-9]{0,8}$", var.environment))
    error_message = "environment must be dev, stage or prod, optionally followed by at most 8 letters or digits."
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
