variable "region" {
  description = "Region of the environment. Empty means the region of the caller's AWS settings (AWS_REGION)."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.region == "" || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must look like us-east-1, or be empty."
  }
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
  description = "Runs of each function at the same time at most. -1, no limit of its own, because a new account's quota is too small to reserve from; the functions keep out of each other's way by a lease in their state."
  type        = number
  default     = -1
  nullable    = false
}

variable "ingestor_archive" {
  description = "Path of the ingestor's deployment archive, from this folder."
  type        = string
  default     = "../../../dist/github_events_ingestor.zip"
  nullable    = false
}

variable "transform_archive" {
  description = "Path of the transforms' deployment archive, from this folder."
  type        = string
  default     = "../../../dist/athena_transform.zip"
  nullable    = false
}
