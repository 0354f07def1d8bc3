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
