output "function_names" {
  description = "Names of the functions: silver, gold."
  value       = { silver = module.silver.function_name, gold = module.gold.function_name }
}

output "function_arns" {
  description = "ARNs of the functions: silver, gold."
  value       = { silver = module.silver.function_arn, gold = module.gold.function_arn }
}

output "role_arns" {
  description = "ARNs of the functions' roles: silver, gold."
  value       = { silver = module.silver.role_arn, gold = module.gold.role_arn }
}
