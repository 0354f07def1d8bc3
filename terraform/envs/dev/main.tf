# The development environment: the same lake as everywhere, which may be destroyed with everything in it.

provider "aws" {
  region = var.region == "" ? null : var.region

  default_tags {
    tags = {
      Project     = "lakehouse-workshop"
      Environment = "dev"
      ManagedBy   = "terraform"
      Repository  = "lakehouse-workshop"
    }
  }
}

module "lakehouse" {
  source = "../../modules/lakehouse"

  environment                 = "dev"
  force_destroy               = true
  kms_deletion_window_in_days = 7

  ingestor_archive       = var.ingestor_archive
  transform_archive      = var.transform_archive
  github_api_url         = var.github_api_url
  github_token_parameter = var.github_token_parameter
  gharchive_url          = var.gharchive_url
  ingest_schedule        = var.ingest_schedule
  silver_schedule        = var.silver_schedule
  gold_schedule          = var.gold_schedule
  schedules_enabled      = var.schedules_enabled
  reserved_concurrency   = var.reserved_concurrency
}
