output "bucket_names" {
  description = "Names of the buckets: raw, silver, gold, logs."
  value       = module.data_lake.bucket_names
}

output "kms_key_arn" {
  description = "ARN of the environment's key."
  value       = module.data_lake.kms_key_arn
}
