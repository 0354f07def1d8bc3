variable "environment" {
  description = "Name of the environment, part of every name: dev, stage or prod, with an optional suffix that begins with a digit."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(dev|stage|prod)([0-9][a-z0-9]{0,7})?$", var.environment))
    error_message = "environment must be dev, stage or prod, optionally followed by a digit and at most 7 letters or digits: dev7f3a."
  }
}

variable "raw_bucket_name" {
  description = "Name of the bucket that holds Bronze, the quarantine and the ingestor's state."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of the key of the bucket and of the log group."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not an id or an alias."
  }
}

variable "archive" {
  description = "Path of the ingestor's deployment archive."
  type        = string
  nullable    = false
}

variable "github_api_url" {
  description = "Address of the GitHub API."
  type        = string
  default     = "https://api.github.com"
  nullable    = false

  validation {
    condition     = can(regex("^https://[^/]+(/.*)?$", var.github_api_url)) && !endswith(var.github_api_url, "/")
    error_message = "github_api_url must start with https:// and not end in a slash."
  }
}

variable "github_token_parameter" {
  description = "Name of the SSM SecureString (encrypted with aws/ssm) that holds a GitHub token. Empty: polls without a token, 60 requests an hour."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9/_.-]*$", var.github_token_parameter))
    error_message = "github_token_parameter must be the name of a parameter, without a wildcard and not its ARN."
  }
}

variable "gharchive_url" {
  description = "Address of GH Archive, which holds every past hour of GitHub's public events."
  type        = string
  default     = "https://data.gharchive.org"
  nullable    = false

  validation {
    condition     = can(regex("^https://[^/]+(/.*)?$", var.gharchive_url)) && !endswith(var.gharchive_url, "/")
    error_message = "gharchive_url must start with https:// and not end in a slash."
  }
}

variable "schedule" {
  description = "When to poll, e.g. rate(5 minutes)."
  type        = string
  default     = "rate(5 minutes)"
  nullable    = false
}

variable "schedules_enabled" {
  description = "Whether the schedule starts the function."
  type        = bool
  default     = true
  nullable    = false
}

variable "reserved_concurrency" {
  description = "Polls at the same time at most, -1 for no limit of its own. The backfill, four hours at a time, has a limit if polls have one."
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
