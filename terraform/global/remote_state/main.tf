# Where every environment's Terraform state lives: one versioned, encrypted bucket per account, with a key of its own.

provider "aws" {
  region = var.region == "" ? null : var.region

  default_tags {
    tags = {
      Project     = "lakehouse-workshop"
      Environment = "global"
      ManagedBy   = "terraform"
      Repository  = "lakehouse-workshop"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id  = data.aws_caller_identity.current.account_id
  bucket_name = "dp-tfstate-${local.account_id}"
  bucket_arn  = "arn:${data.aws_partition.current.partition}:s3:::${local.bucket_name}"
  alias_name  = "alias/dp-tfstate"
  alias_arn   = "arn:${data.aws_partition.current.partition}:kms:${data.aws_region.current.name}:${local.account_id}:${local.alias_name}"
  root_arn    = "arn:${data.aws_partition.current.partition}:iam::${local.account_id}:root"
}

resource "aws_kms_key" "state" {
  description             = "Encrypts the Terraform states in ${local.bucket_name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.kms_deletion_window_in_days

  # In a key policy, Resource "*" means this key. Naming the account's root lets IAM policies decide who may do it.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AdministerThroughIam"
        Effect    = "Allow"
        Principal = { AWS = local.root_arn }
        Action = [
          "kms:CancelKeyDeletion", "kms:Create*", "kms:Delete*", "kms:Describe*", "kms:Disable*", "kms:Enable*",
          "kms:Get*", "kms:List*", "kms:Put*", "kms:Revoke*", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion",
          "kms:TagResource", "kms:UntagResource", "kms:Update*",
        ]
        Resource = "*" # this key: a key policy cannot name another
      },
      {
        Sid       = "UseThroughS3Only"
        Effect    = "Allow"
        Principal = { AWS = local.root_arn }
        Action    = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*" # this key: a key policy cannot name another
        Condition = {
          StringEquals = {
            "kms:CallerAccount" = local.account_id
            "kms:ViaService"    = "s3.${data.aws_region.current.name}.amazonaws.com"
          }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "state" {
  name          = local.alias_name
  target_key_id = aws_kms_key.state.key_id
}

resource "aws_s3_bucket" "state" {
  # checkov:skip=CKV_AWS_144: no second region; versions are what a state is restored from
  # checkov:skip=CKV_AWS_18: access logs would need a second bucket; where it matters who read a state, turn on CloudTrail data events
  # checkov:skip=CKV2_AWS_62: nothing waits for new states

  bucket        = local.bucket_name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.bucket

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.state.arn
    }
  }
}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.bucket

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        # A put that says nothing gets the bucket's default, which is right; one that asks for another way is refused.
        Sid       = "DenyOtherEncryption"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${local.bucket_arn}/*"
        Condition = {
          Null            = { "s3:x-amz-server-side-encryption" = "false" }
          StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" }
        }
      },
      {
        # The S3 backend is told the key by its alias, which exists before anyone knows the key's id.
        Sid       = "DenyOtherKeys"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${local.bucket_arn}/*"
        Condition = {
          Null = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
          StringNotEquals = {
            "s3:x-amz-server-side-encryption-aws-kms-key-id" = [aws_kms_key.state.arn, local.alias_arn]
          }
        }
      },
    ]
  })

  # S3 refuses two of these changes to one bucket at the same time.
  depends_on = [aws_s3_bucket_public_access_block.state]
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  bucket = aws_s3_bucket.state.bucket

  rule {
    id     = "housekeeping"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_retention_days
    }

    # Locks are deleted after every run; without this their delete markers would stay for ever.
    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Rules about noncurrent versions need versioning to be on.
  depends_on = [aws_s3_bucket_versioning.state]
}

# Holds names of locks and checksums, no state: encrypted with the key that DynamoDB owns.
resource "aws_dynamodb_table" "lock" {
  # checkov:skip=CKV_AWS_119: nothing in it is worth a key of ours
  # checkov:skip=CKV_AWS_28: a lost lock table is created again, there is nothing to recover

  count = var.create_lock_table ? 1 : 0

  name         = "dp-tfstate-lock"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "LockID"

  attribute {
    name = "LockID"
    type = "S"
  }
}
