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
  description = "ARN of the key that encrypts the results of queries."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not an id or an alias."
  }
}

variable "bytes_scanned_cutoff_per_query" {
  description = "Bytes after which Athena cancels a query. What was scanned until then is billed."
  type        = number
  default     = 10000000000
  nullable    = false

  validation {
    condition     = var.bytes_scanned_cutoff_per_query >= 10000000
    error_message = "bytes_scanned_cutoff_per_query must be at least 10,000,000: Athena accepts no lower limit."
  }
}

variable "force_destroy" {
  description = "Let a destroy delete the work group with its saved queries and history."
  type        = bool
  default     = false
  nullable    = false
}
