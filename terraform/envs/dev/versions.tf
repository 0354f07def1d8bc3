terraform {
  required_version = ">= 1.11"

  # Bucket, region and key of the state differ by account: `-backend-config` gives them at init.
  backend "s3" {
    key          = "envs/dev/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}
