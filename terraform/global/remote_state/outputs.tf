output "bucket_name" {
  description = "Name of the bucket that holds every environment's state."
  value       = aws_s3_bucket.state.bucket
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the states."
  value       = aws_kms_key.state.arn
}

output "lock_table_name" {
  description = "Name of the DynamoDB lock table, empty without one."
  value       = join("", aws_dynamodb_table.lock[*].name)
}
