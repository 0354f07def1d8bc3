variable "region" {
  description = "Region of the state bucket. Empty means the region of the caller's AWS settings (AWS_REGION)."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.region == "" || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like us-east-1, or be empty."
  }
}

variable "create_lock_table" {
  description = "Also create a DynamoDB lock table, for Terraform older than 1.10. Newer ones lock in S3 (use_lockfile)."
  type        = bool
  default     = false
  nullable    = false
}

variable "noncurrent_retention_days" {
  description = "Days for which replaced versions of a state are kept, to roll back to."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.noncurrent_retention_days >= 1 && floor(var.noncurrent_retention_days) == var.noncurrent_retention_days
    error_message = "noncurrent_retention_days must be a whole number of days, 1 or more."
  }
}

variable "force_destroy" {
  description = "Let a destroy empty the bucket. Leave false: with it go all states and their history, so nothing that they manage could be changed or destroyed by Terraform any more."
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
