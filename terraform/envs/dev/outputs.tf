output "bucket_names" {
  description = "Names of the buckets: raw, silver, gold, logs."
  value       = module.lakehouse.bucket_names
}

output "kms_key_arn" {
  description = "ARN of the environment's key."
  value       = module.lakehouse.kms_key_arn
}

output "database_name" {
  description = "Name of the Glue database."
  value       = module.lakehouse.database_name
}

output "table_names" {
  description = "Names of the tables: bronze, silver, gold, gold_hourly, quarantine, quality."
  value       = module.lakehouse.table_names
}

output "work_group_name" {
  description = "Name of the Athena work group."
  value       = module.lakehouse.work_group_name
}

output "function_names" {
  description = "Names of the functions: ingestor, backfill, silver, gold."
  value       = module.lakehouse.function_names
}

output "role_arns" {
  description = "ARNs of the functions' roles: ingestor, backfill, silver, gold."
  value       = module.lakehouse.role_arns
}

output "state_machine_arn" {
  description = "ARN of the state machine that runs backfills."
  value       = module.lakehouse.state_machine_arn
}
