# GitHub -> Bronze, in two ways: one function polls the public timeline, the other stores hours of GH Archive, which has
# all of it since 2011. Both write every event as it came, and into quarantine what is none.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  account    = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  raw_arn    = "arn:${local.partition}:s3:::${var.raw_bucket_name}"
  has_token  = var.github_token_parameter != ""
  token_name = trimprefix(var.github_token_parameter, "/")

  bronze_prefix   = "github/events/"
  state_key       = "state/github_events_ingestor.json"
  backfill_prefix = "state/gharchive_backfill/"

  # What both functions may do with the bucket, besides writing.
  common_statements = [
    {
      # Without it S3 answers 403 instead of 404 for an object that is not there yet.
      Sid      = "TellMissingFromForbidden"
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = local.raw_arn
    },
    {
      Sid       = "UseTheKeyThroughS3"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = var.kms_key_arn
      Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.current.name}.amazonaws.com" } }
    },
  ]
}

module "function" {
  source = "../scheduled_function"

  name        = "dp-${var.environment}-github-events-ingestor"
  description = "Stores GitHub's public events in Bronze, byte for byte."
  archive     = var.archive
  handler     = "github_events_ingestor.handler.handler"
  timeout     = 60

  environment_variables = merge(
    {
      RAW_BUCKET     = var.raw_bucket_name
      BRONZE_PREFIX  = local.bronze_prefix
      STATE_KEY      = local.state_key
      GITHUB_API_URL = var.github_api_url
    },
    # The name of the secret, never the secret.
    local.has_token ? { GITHUB_TOKEN_PARAMETER = var.github_token_parameter } : {},
  )

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local.common_statements,
      [
        {
          Sid      = "StoreEvents"
          Effect   = "Allow"
          Action   = "s3:PutObject"
          Resource = ["${local.raw_arn}/${local.bronze_prefix}*", "${local.raw_arn}/quarantine/*"]
        },
        {
          Sid      = "KeepState"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:PutObject"]
          Resource = "${local.raw_arn}/${local.state_key}"
        },
      ],
      [
        # A SecureString under the key aws/ssm, which lets every principal of the account that may read the parameter.
        for name in(local.has_token ? [local.token_name] : []) : {
          Sid      = "ReadToken"
          Effect   = "Allow"
          Action   = "ssm:GetParameter"
          Resource = "arn:${local.partition}:ssm:${local.account}:parameter/${name}"
        }
      ],
    )
  })

  kms_key_arn           = var.kms_key_arn
  log_retention_in_days = var.log_retention_in_days
  reserved_concurrency  = var.reserved_concurrency
  schedule_expression   = var.schedule
  schedule_enabled      = var.schedules_enabled
  # A poll that is older than the next one is of no use to anybody.
  maximum_event_age_in_seconds = 300
}

# The same archive, another entry point. It has no schedule: the backfill's state machine and people start it.
module "backfill" {
  source = "../scheduled_function"

  name                   = "dp-${var.environment}-gharchive-backfill"
  description            = "Stores an hour of GH Archive in Bronze, or releases a day's quarantine."
  archive                = var.archive
  handler                = "github_events_ingestor.backfill_handler.handler"
  timeout                = 900
  memory_size            = 512
  ephemeral_storage_size = 2048

  environment_variables = {
    RAW_BUCKET            = var.raw_bucket_name
    BRONZE_PREFIX         = local.bronze_prefix
    GHARCHIVE_URL         = var.gharchive_url
    BACKFILL_STATE_PREFIX = local.backfill_prefix
  }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.common_statements, [
      {
        Sid      = "StoreEvents"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = "${local.raw_arn}/${local.bronze_prefix}*"
      },
      {
        # What is released from quarantine is deleted there, after it is in Bronze.
        Sid      = "KeepQuarantine"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = "${local.raw_arn}/quarantine/*"
      },
      {
        Sid      = "KeepRecords"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = "${local.raw_arn}/${local.backfill_prefix}*"
      },
    ])
  })

  kms_key_arn           = var.kms_key_arn
  log_retention_in_days = var.log_retention_in_days
  # As many hours at a time as the state machine asks for: GH Archive is somebody's gift.
  reserved_concurrency = var.reserved_concurrency == -1 ? -1 : 4
}
