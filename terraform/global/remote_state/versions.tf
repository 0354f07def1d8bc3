terraform {
  required_version = ">= 1.11"

  # The one state that cannot live in the bucket it describes: `-backend-config=path=…` says where it is kept.
  backend "local" {}

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}
