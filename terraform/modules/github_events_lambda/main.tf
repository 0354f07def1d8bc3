# GitHub -> Bronze: polls the public timeline and stores every event as it came.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  account    = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  raw_arn    = "arn:${local.partition}:s3:::${var.raw_bucket_name}"
  state_key  = "state/github_events_ingestor.json"
  has_token  = var.github_token_parameter != ""
  token_name = trimprefix(var.github_token_parameter, "/")
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
      BRONZE_PREFIX  = "github/events/"
      STATE_KEY      = local.state_key
      GITHUB_API_URL = var.github_api_url
    },
    # The name of the secret, never the secret.
    local.has_token ? { GITHUB_TOKEN_PARAMETER = var.github_token_parameter } : {},
  )

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "StoreEvents"
          Effect   = "Allow"
          Action   = "s3:PutObject"
          Resource = ["${local.raw_arn}/github/events/*", "${local.raw_arn}/quarantine/*"]
        },
        {
          Sid      = "KeepState"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:PutObject"]
          Resource = "${local.raw_arn}/${local.state_key}"
        },
        {
          # Without it S3 answers 403 instead of 404 for a state that is not there yet.
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
