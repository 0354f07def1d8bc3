# The lake's storage: one key, and four buckets that refuse plain http, foreign keys and the public.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name
  root_arn   = "arn:${local.partition}:iam::${local.account_id}:root"

  # Per bucket: prefixes that expire, by days. `state/` is in none of them: what the functions remember (which objects
  # Silver has, which hours are stored) must never age away.
  expirations = {
    raw = {
      "github/events/" = var.retention_days
      "quarantine/"    = var.retention_days
    }
    silver = {
      "github_events_silver/" = var.retention_days
    }
    gold = {
      # Longer than Silver by the 30 days in which a Silver day may still change: Gold is never rebuilt from a
      # Silver that has begun to expire.
      "github_events_gold_daily/"  = var.retention_days + 30
      "github_events_gold_hourly/" = var.retention_days + 30
      # The results of the quality rules say why a day of Gold was published: they stay as long as Gold does.
      "github_events_quality/" = var.retention_days + 30
      "athena-results/"        = var.results_retention_days
    }
    logs = {
      "s3-access/" = var.retention_days
    }
  }

  names = { for bucket in keys(local.expirations) : bucket => "dp-${var.environment}-${local.account_id}-${bucket}" }
  arns  = { for bucket, name in local.names : bucket => "arn:${local.partition}:s3:::${name}" }

  # Functions and state machines.
  log_prefixes = ["/aws/lambda", "/aws/vendedlogs/states"]

  # The log bucket never logs to itself: each delivery would be an access to log.
  logged = toset(["raw", "silver", "gold"])
}

resource "aws_kms_key" "s3" {
  description             = "Encrypts the ${var.environment} lake: its buckets, query results and log groups"
  enable_key_rotation     = true
  deletion_window_in_days = var.kms_deletion_window_in_days

  # Naming the account's root hands the decision to IAM policies. Even they cannot use the key directly: decrypting
  # works only as part of a request to S3, which checks its own policies first.
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
            "kms:ViaService"    = "s3.${local.region}.amazonaws.com"
          }
        }
      },
      {
        Sid       = "EncryptLogGroupsOfThisEnvironment"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.amazonaws.com" }
        Action    = ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*" # this key: a key policy cannot name another
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = [
              for prefix in local.log_prefixes : "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${prefix}/dp-${var.environment}-*"
            ]
          }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "s3" {
  name          = "alias/dp-${var.environment}-s3"
  target_key_id = aws_kms_key.s3.key_id
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_144: no second region; Bronze can be loaded again from GH Archive, and the rest is made from it
  # checkov:skip=CKV_AWS_18: raw, silver and gold log their accesses, into logs, which cannot log to itself
  # checkov:skip=CKV_AWS_145: logs is encrypted with SSE-S3, the only way that access logs are delivered
  # checkov:skip=CKV2_AWS_62: nothing waits for single objects; the transforms run on a schedule

  for_each = local.names

  bucket        = each.value
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

# The log bucket uses SSE-S3: S3 delivers server access logs only to buckets encrypted that way.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  rule {
    bucket_key_enabled = each.key == "logs" ? null : true

    apply_server_side_encryption_by_default {
      sse_algorithm     = each.key == "logs" ? "AES256" : "aws:kms"
      kms_master_key_id = each.key == "logs" ? null : aws_kms_key.s3.arn
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "DenyWithoutTls"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:*"
          Resource  = [local.arns[each.key], "${local.arns[each.key]}/*"]
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
        {
          # A put that says nothing gets the bucket's default, which is right; one that asks for another way is refused.
          Sid       = "DenyOtherEncryption"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:PutObject"
          Resource  = "${local.arns[each.key]}/*"
          Condition = {
            Null            = { "s3:x-amz-server-side-encryption" = "false" }
            StringNotEquals = { "s3:x-amz-server-side-encryption" = each.key == "logs" ? "AES256" : "aws:kms" }
          }
        },
      ],
      [
        for sid in(each.key == "logs" ? [] : ["DenyOtherKeys"]) : {
          Sid       = sid
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:PutObject"
          Resource  = "${local.arns[each.key]}/*"
          Condition = {
            Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
            StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = aws_kms_key.s3.arn }
          }
        }
      ],
      [
        for sid in(each.key == "logs" ? ["DeliverAccessLogs"] : []) : {
          Sid       = sid
          Effect    = "Allow"
          Principal = { Service = "logging.s3.amazonaws.com" }
          Action    = "s3:PutObject"
          Resource  = "${local.arns[each.key]}/s3-access/*"
          Condition = {
            ArnLike      = { "aws:SourceArn" = [for bucket in local.logged : local.arns[bucket]] }
            StringEquals = { "aws:SourceAccount" = local.account_id }
          }
        }
      ],
    )
  })

  # S3 refuses two of these changes to one bucket at the same time.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_logging" "this" {
  for_each = local.logged

  bucket        = aws_s3_bucket.this[each.key].bucket
  target_bucket = aws_s3_bucket.this["logs"].bucket
  target_prefix = "s3-access/${each.key}/"

  # Without the policy the deliveries are refused, and nobody is told.
  depends_on = [aws_s3_bucket_policy.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  rule {
    id     = "housekeeping"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_retention_days
    }

    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # No transitions: most objects are below the 128 KB from which a colder class saves anything.
  dynamic "rule" {
    for_each = local.expirations[each.key]

    content {
      id     = "expire-${trimsuffix(replace(rule.key, "/[^a-z]+/", "-"), "-")}"
      status = "Enabled"

      filter {
        prefix = rule.key
      }

      expiration {
        days = rule.value
      }
    }
  }

  # Rules about noncurrent versions need versioning to be on.
  depends_on = [aws_s3_bucket_versioning.this]
}
