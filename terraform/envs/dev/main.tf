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
}
