output "function_name" {
  description = "Name of the ingestor."
  value       = module.function.function_name
}

output "role_arn" {
  description = "ARN of the ingestor's role."
  value       = module.function.role_arn
}
