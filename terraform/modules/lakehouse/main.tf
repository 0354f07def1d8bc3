# The whole lake of one environment, wired once; what differs between environments are its variables.

module "data_lake" {
  source = "../data_lake"

  environment                 = var.environment
  retention_days              = var.retention_days
  force_destroy               = var.force_destroy
  kms_deletion_window_in_days = var.kms_deletion_window_in_days
}

module "catalog_athena" {
  source = "../catalog_athena"

  environment                    = var.environment
  bucket_names                   = module.data_lake.bucket_names
  kms_key_arn                    = module.data_lake.kms_key_arn
  bytes_scanned_cutoff_per_query = var.bytes_scanned_cutoff_per_query
  force_destroy                  = var.force_destroy
}

module "github_events_lambda" {
  source = "../github_events_lambda"

  environment            = var.environment
  raw_bucket_name        = module.data_lake.bucket_names.raw
  kms_key_arn            = module.data_lake.kms_key_arn
  archive                = var.ingestor_archive
  github_api_url         = var.github_api_url
  github_token_parameter = var.github_token_parameter
  gharchive_url          = var.gharchive_url
  schedule               = var.ingest_schedule
  schedules_enabled      = var.schedules_enabled
  reserved_concurrency   = var.reserved_concurrency
  log_retention_in_days  = var.log_retention_in_days
}

module "athena_scheduler" {
  source = "../athena_scheduler"

  environment           = var.environment
  bucket_names          = module.data_lake.bucket_names
  kms_key_arn           = module.data_lake.kms_key_arn
  database_name         = module.catalog_athena.database_name
  table_names           = module.catalog_athena.table_names
  work_group_name       = module.catalog_athena.work_group_name
  archive               = var.transform_archive
  silver_schedule       = var.silver_schedule
  gold_schedule         = var.gold_schedule
  schedules_enabled     = var.schedules_enabled
  reserved_concurrency  = var.reserved_concurrency
  log_retention_in_days = var.log_retention_in_days
}

module "gharchive_backfill" {
  source = "../gharchive_backfill"

  environment = var.environment
  function_arns = {
    backfill = module.github_events_lambda.function_arns.backfill
    silver   = module.athena_scheduler.function_arns.silver
    gold     = module.athena_scheduler.function_arns.gold
  }
  kms_key_arn           = module.data_lake.kms_key_arn
  log_retention_in_days = var.log_retention_in_days
}
