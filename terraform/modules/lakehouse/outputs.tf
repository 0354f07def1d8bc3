output "bucket_names" {
  description = "Names of the buckets: raw, silver, gold, logs."
  value       = module.data_lake.bucket_names
}

output "kms_key_arn" {
  description = "ARN of the environment's key."
  value       = module.data_lake.kms_key_arn
}

output "database_name" {
  description = "Name of the Glue database."
  value       = module.catalog_athena.database_name
}

output "table_names" {
  description = "Names of the tables: bronze, silver, gold, gold_hourly, quarantine, quality."
  value       = module.catalog_athena.table_names
}

output "work_group_name" {
  description = "Name of the Athena work group."
  value       = module.catalog_athena.work_group_name
}

output "function_names" {
  description = "Names of the functions: ingestor, backfill, silver, gold."
  value       = merge(module.github_events_lambda.function_names, module.athena_scheduler.function_names)
}

output "role_arns" {
  description = "ARNs of the functions' roles: ingestor, backfill, silver, gold."
  value       = merge(module.github_events_lambda.role_arns, module.athena_scheduler.role_arns)
}

output "state_machine_arn" {
  description = "ARN of the state machine that runs backfills."
  value       = module.gharchive_backfill.state_machine_arn
}
