output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "function_arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = aws_iam_role.function.arn
}

output "failure_queue_arn" {
  description = "ARN of the queue of failed events."
  value       = aws_sqs_queue.failures.arn
}

output "policy" {
  description = "What the function's code may do, as JSON."
  value       = aws_iam_role_policy.work.policy
}
