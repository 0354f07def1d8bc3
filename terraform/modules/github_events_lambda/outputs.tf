output "function_names" {
  description = "Names of the functions: ingestor, backfill."
  value       = { ingestor = module.function.function_name, backfill = module.backfill.function_name }
}

output "function_arns" {
  description = "ARNs of the functions: ingestor, backfill."
  value       = { ingestor = module.function.function_arn, backfill = module.backfill.function_arn }
}

output "role_arns" {
  description = "ARNs of the functions' roles: ingestor, backfill."
  value       = { ingestor = module.function.role_arn, backfill = module.backfill.role_arn }
}
