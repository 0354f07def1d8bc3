mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:111122223333:failures" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/mock" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:111122223333:function:mock" }
  }
}

variables {
  name                  = "dp-dev-example"
  description           = "An example."
  archive               = "main.tf" # any file will do
  handler               = "example.handler"
  environment_variables = { BUCKET = "example" }
  policy                = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
  kms_key_arn           = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  timeout               = 60
  schedule_expression   = "rate(5 minutes)"
  on_success            = { function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:next" }
}

run "function" {
  assert {
    condition     = aws_lambda_function.this.source_code_hash == filebase64sha256("main.tf")
    error_message = "Without the archive's hash a change of the code would never be deployed."
  }

  assert {
    condition     = aws_lambda_function.this.runtime == "python3.13" && one(aws_lambda_function.this.architectures) == "arm64"
    error_message = "The newest runtime that the provider knows, on the cheaper processor."
  }

  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_format == "JSON" && aws_lambda_function.this.logging_config[0].log_group == aws_cloudwatch_log_group.this.name
    error_message = "Logs are JSON and go to the group that has a retention."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 14
    error_message = "Logs must not be kept for ever."
  }

  assert {
    condition = flatten([for statement in jsondecode(aws_iam_role_policy.runtime.policy).Statement : statement.Resource]) == [
      "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/dp-dev-example:*",
      "arn:aws:sqs:eu-west-1:111122223333:failures",
      "arn:aws:lambda:eu-west-1:111122223333:function:next",
    ]
    error_message = "Its own log group, its own queue and the next function, nothing else."
  }

  assert {
    condition = (
      aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure[0].destination == aws_sqs_queue.failures.arn &&
      aws_scheduler_schedule.this[0].target[0].dead_letter_config[0].arn == aws_sqs_queue.failures.arn &&
      aws_sqs_queue.failures.sqs_managed_sse_enabled
    )
    error_message = "What failed in the end must be found in an encrypted queue."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.schedule[0].policy).Statement[0].Resource == "arn:aws:lambda:eu-west-1:111122223333:function:dp-dev-example"
    error_message = "The schedule's role must be bound to the function."
  }

  assert {
    condition     = jsondecode(aws_iam_role.schedule[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    error_message = "Other accounts' schedules must not use the role."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this.destination_config[0].on_success[0].destination == "arn:aws:lambda:eu-west-1:111122223333:function:next"
    error_message = "The next function must be the destination."
  }
}

run "without_a_schedule" {
  variables {
    schedule_expression    = null
    ephemeral_storage_size = 2048
  }

  assert {
    condition     = length(aws_scheduler_schedule.this) + length(aws_iam_role.schedule) + length(aws_iam_role_policy.schedule) == 0
    error_message = "A function that is only invoked needs no schedule and no role for one."
  }

  assert {
    condition     = aws_lambda_function.this.ephemeral_storage[0].size == 2048
    error_message = "/tmp must have the size that was asked for."
  }
}

run "missing_archive_is_named" {
  command = plan

  variables {
    archive = "missing.zip"
  }

  expect_failures = [aws_lambda_function.this]
}

run "values_that_would_only_fail_later_are_refused" {
  command = plan

  variables {
    ephemeral_storage_size = 511
    reserved_concurrency   = 0
    schedule_expression    = "every 5 minutes"
    timeout                = 901
  }

  expect_failures = [var.ephemeral_storage_size, var.reserved_concurrency, var.schedule_expression, var.timeout]
}
