output "bucket_names" {
  description = "Names of the buckets: raw, silver, gold, logs."
  value       = module.lakehouse.bucket_names
}

output "kms_key_arn" {
  description = "ARN of the environment's key."
  value       = module.lakehouse.kms_key_arn
}
