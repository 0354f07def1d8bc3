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
  description = "Names of the tables: bronze, silver, gold."
  value       = module.catalog_athena.table_names
}

output "work_group_name" {
  description = "Name of the Athena work group."
  value       = module.catalog_athena.work_group_name
}

output "function_names" {
  description = "Names of the functions: ingestor, silver, gold."
  value       = merge({ ingestor = module.github_events_lambda.function_name }, module.athena_scheduler.function_names)
}

output "role_arns" {
  description = "ARNs of the functions' roles: ingestor, silver, gold."
  value       = merge({ ingestor = module.github_events_lambda.role_arn }, module.athena_scheduler.role_arns)
}
