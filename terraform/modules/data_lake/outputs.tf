output "bucket_names" {
  description = "Names of the buckets: raw, silver, gold, logs."
  value       = { for bucket in keys(local.names) : bucket => aws_s3_bucket.this[bucket].bucket }
}

output "kms_key_arn" {
  description = "ARN of the environment's key."
  value       = aws_kms_key.s3.arn
}
