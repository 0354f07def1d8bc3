# Bronze -> Silver -> Gold: two functions of one archive, each of which runs Athena's SQL on its table. Gold follows
# every successful Silver, and runs once a day in any case.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"

  bucket_arns = { for layer, name in var.bucket_names : layer => "arn:${local.partition}:s3:::${name}" }
  prefixes = {
    bronze      = "${local.bucket_arns.raw}/github/events/*"
    silver      = "${local.bucket_arns.silver}/${var.table_names.silver}/*"
    gold        = "${local.bucket_arns.gold}/${var.table_names.gold}/*"
    gold_hourly = "${local.bucket_arns.gold}/${var.table_names.gold_hourly}/*"
    quality     = "${local.bucket_arns.gold}/${var.table_names.quality}/*"
  }
  # What Silver remembers: its state, and the ledger of each day's objects. Gold reads which days have changed.
  silver_state = ["${local.bucket_arns.silver}/state/silver.json", "${local.bucket_arns.silver}/state/silver/*"]
  results      = "${local.bucket_arns.gold}/athena-results/*"

  glue_arn = "arn:${local.partition}:glue:${local.account}"
  # Glue asks for the permission on the table and on everything above it.
  glue_parents = ["${local.glue_arn}:catalog", "${local.glue_arn}:database/${var.database_name}"]
  glue_tables  = { for layer, name in var.table_names : layer => "${local.glue_arn}:table/${var.database_name}/${name}" }
  # What has been written is read back through a table of this name before readers are shown it: a month of Silver that
  # was compacted, a day of Gold.
  glue_audit_tables = { for layer, arn in local.glue_tables : layer => "${arn}_audit" }

  # Lambda ends the run after this; the code stops a query that is still running 20 s before.
  timeout = 600

  environment_variables = {
    DATABASE      = var.database_name
    WORK_GROUP    = var.work_group_name
    SILVER_BUCKET = var.bucket_names.silver
    GOLD_BUCKET   = var.bucket_names.gold
    STATE_PREFIX  = "state/"
  }

  # What running any query takes, whatever it reads.
  common_statements = [
    {
      Sid    = "RunQueriesInTheWorkGroup"
      Effect = "Allow"
      Action = [
        "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup", "athena:StartQueryExecution",
        "athena:StopQueryExecution",
      ]
      Resource = "arn:${local.partition}:athena:${local.account}:workgroup/${var.work_group_name}"
    },
    {
      # Athena looks at `default` before it looks at the database of the query.
      Sid      = "SeeTheDatabase"
      Effect   = "Allow"
      Action   = "glue:GetDatabase"
      Resource = concat(local.glue_parents, ["${local.glue_arn}:database/default"])
    },
    {
      Sid      = "KeepResults"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
      Resource = local.results
    },
    {
      Sid       = "UseTheKeyThroughS3"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = var.kms_key_arn
      Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.current.name}.amazonaws.com" } }
    },
  ]

  glue_read = ["glue:BatchGetPartition", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable"]
  # Listing tells a missing object from a forbidden one, too.
  s3_list  = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
  s3_write = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
}

module "silver" {
  source = "../scheduled_function"

  name        = "dp-${var.environment}-silver-scheduler"
  description = "Inserts the events that Silver does not have yet."
  archive     = var.archive
  handler     = "athena_transform.handler.handler"
  timeout     = local.timeout

  environment_variables = merge(local.environment_variables, {
    TRANSFORM    = "silver"
    STATE_BUCKET = var.bucket_names.silver
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.common_statements, [
      {
        Sid      = "ReadTables"
        Effect   = "Allow"
        Action   = local.glue_read
        Resource = concat(local.glue_parents, [local.glue_tables.bronze, local.glue_tables.silver, local.glue_audit_tables.silver])
      },
      {
        Sid      = "RegisterPartitions"
        Effect   = "Allow"
        Action   = ["glue:BatchCreatePartition", "glue:CreatePartition", "glue:UpdatePartition"]
        Resource = concat(local.glue_parents, [local.glue_tables.silver])
      },
      {
        Sid      = "CheckMonthsBeforehand"
        Effect   = "Allow"
        Action   = ["glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"]
        Resource = concat(local.glue_parents, [local.glue_audit_tables.silver])
      },
      {
        Sid      = "ReadBronze"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = local.prefixes.bronze
      },
      {
        Sid      = "WriteSilver"
        Effect   = "Allow"
        Action   = local.s3_write
        Resource = local.prefixes.silver
      },
      {
        Sid      = "KeepState"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = local.silver_state
      },
      {
        Sid      = "ListBuckets"
        Effect   = "Allow"
        Action   = local.s3_list
        Resource = [local.bucket_arns.raw, local.bucket_arns.silver, local.bucket_arns.gold]
      },
    ])
  })

  on_success = { function_arn = module.gold.function_arn }

  kms_key_arn           = var.kms_key_arn
  log_retention_in_days = var.log_retention_in_days
  reserved_concurrency  = var.reserved_concurrency
  schedule_expression   = var.silver_schedule
  schedule_enabled      = var.schedules_enabled
}

module "gold" {
  source = "../scheduled_function"

  name        = "dp-${var.environment}-gold-scheduler"
  description = "Rebuilds the days of Gold that changed."
  archive     = var.archive
  handler     = "athena_transform.handler.handler"
  timeout     = local.timeout

  environment_variables = merge(local.environment_variables, {
    TRANSFORM    = "gold"
    STATE_BUCKET = var.bucket_names.gold
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.common_statements, [
      {
        Sid    = "ReadTables"
        Effect = "Allow"
        Action = local.glue_read
        Resource = concat(local.glue_parents, [
          local.glue_tables.bronze, local.glue_tables.silver,
          local.glue_tables.gold, local.glue_audit_tables.gold,
          local.glue_tables.gold_hourly, local.glue_audit_tables.gold_hourly,
        ])
      },
      {
        Sid      = "PublishDays"
        Effect   = "Allow"
        Action   = ["glue:CreatePartition", "glue:UpdatePartition"]
        Resource = concat(local.glue_parents, [local.glue_tables.gold, local.glue_tables.gold_hourly])
      },
      {
        Sid      = "CheckDaysBeforehand"
        Effect   = "Allow"
        Action   = ["glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"]
        Resource = concat(local.glue_parents, [local.glue_audit_tables.gold, local.glue_audit_tables.gold_hourly])
      },
      {
        # Bronze for one rule only: that nothing got lost on the way.
        Sid      = "ReadBronzeAndSilver"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = concat([local.prefixes.bronze, local.prefixes.silver], local.silver_state)
      },
      {
        Sid      = "WriteGold"
        Effect   = "Allow"
        Action   = local.s3_write
        Resource = [local.prefixes.gold, local.prefixes.gold_hourly]
      },
      {
        Sid      = "NoteQuality"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = local.prefixes.quality
      },
      {
        Sid      = "KeepState"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = "${local.bucket_arns.gold}/state/gold.json"
      },
      {
        Sid      = "ListBuckets"
        Effect   = "Allow"
        Action   = local.s3_list
        Resource = [local.bucket_arns.raw, local.bucket_arns.silver, local.bucket_arns.gold]
      },
    ])
  })

  kms_key_arn           = var.kms_key_arn
  log_retention_in_days = var.log_retention_in_days
  reserved_concurrency  = var.reserved_concurrency
  schedule_expression   = var.gold_schedule
  schedule_enabled      = var.schedules_enabled
}
