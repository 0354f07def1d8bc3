# A Lambda function, on a schedule if it has one, with what every such function needs: a log group with retention, a role
# of its own, a queue for what failed in the end, and retries that end. What its code may do is the caller's `policy`.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id   = data.aws_caller_identity.current.account_id
  partition    = data.aws_partition.current.partition
  region       = data.aws_region.current.name
  function_arn = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${var.name}"
  log_name     = "/aws/lambda/${var.name}"
  log_arn      = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.log_name}"
  schedules    = var.schedule_expression == null ? 0 : 1
}

# Before the function: otherwise Lambda would create it at the first run, without retention and without the key.
resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338: two weeks are enough to find a fault; what must be kept is in Bronze

  name              = local.log_name
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.kms_key_arn
}

# Failed events and failed schedules end here, for people to look at. Encrypted with the key that SQS manages, so that
# neither Lambda nor the Scheduler needs permissions on a key to report a failure.
resource "aws_sqs_queue" "failures" {
  name                      = "${var.name}-failures"
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
}

resource "aws_iam_role" "function" {
  name        = var.name
  description = "What ${var.name} may do."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "runtime" {
  name = "runtime"
  role = aws_iam_role.function.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "WriteOwnLog"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "${local.log_arn}:*"
        },
        {
          Sid      = "ReportFailure"
          Effect   = "Allow"
          Action   = "sqs:SendMessage"
          Resource = aws_sqs_queue.failures.arn
        },
      ],
      [
        for arn in(var.on_success == null ? [] : [var.on_success.function_arn]) : {
          Sid      = "StartNext"
          Effect   = "Allow"
          Action   = "lambda:InvokeFunction"
          Resource = arn
        }
      ],
    )
  })
}

resource "aws_iam_role_policy" "work" {
  name   = "work"
  role   = aws_iam_role.function.name
  policy = var.policy
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_117: it calls only public AWS endpoints and GitHub; a VPC would add a NAT gateway's bill
  # checkov:skip=CKV_AWS_116: failed events go to the on-failure destination, which says more than a dead-letter queue
  # checkov:skip=CKV_AWS_50: one function a trace; the JSON logs and metrics say as much without X-Ray
  # checkov:skip=CKV_AWS_173: the environment holds names, no secrets
  # checkov:skip=CKV_AWS_272: the archive's hash is in the plan; a signing profile belongs to an organisation

  function_name = var.name
  description   = var.description
  role          = aws_iam_role.function.arn

  filename         = var.archive
  source_code_hash = fileexists(var.archive) ? filebase64sha256(var.archive) : null
  handler          = var.handler
  runtime          = "python3.13"
  architectures    = ["arm64"]

  timeout                        = var.timeout
  memory_size                    = var.memory_size
  reserved_concurrent_executions = var.reserved_concurrency

  # /tmp, which is where a function keeps what does not fit into its memory.
  ephemeral_storage {
    size = var.ephemeral_storage_size
  }

  environment {
    variables = var.environment_variables
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "INFO"
    log_group             = aws_cloudwatch_log_group.this.name
  }

  # With its permissions in place, the first run cannot be denied what the second may do.
  depends_on = [aws_iam_role_policy.runtime, aws_iam_role_policy.work]

  lifecycle {
    precondition {
      condition     = fileexists(var.archive)
      error_message = "The archive ${var.archive} does not exist. Build it with: make archives"
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_event_age_in_seconds = var.maximum_event_age_in_seconds
  maximum_retry_attempts       = var.maximum_retry_attempts

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failures.arn
    }

    dynamic "on_success" {
      for_each = var.on_success == null ? [] : [var.on_success.function_arn]

      content {
        destination = on_success.value
      }
    }
  }
}

resource "aws_iam_role" "schedule" {
  count = local.schedules

  name        = "${var.name}-schedule"
  description = "Lets EventBridge Scheduler start ${var.name}, and nothing else."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account_id
          "aws:SourceArn"     = "arn:${local.partition}:scheduler:${local.region}:${local.account_id}:schedule-group/default"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  count = local.schedules

  name = "start"
  role = aws_iam_role.schedule[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "StartTheFunction"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = local.function_arn
      },
      {
        Sid      = "ReportFailure"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.failures.arn
      },
    ]
  })
}

resource "aws_scheduler_schedule" "this" {
  # checkov:skip=CKV_AWS_297: a schedule holds an expression and an ARN, no data

  count = local.schedules

  name                = var.name
  description         = "Starts ${var.name}."
  schedule_expression = var.schedule_expression
  state               = var.schedule_enabled ? "ENABLED" : "DISABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this.arn
    role_arn = aws_iam_role.schedule[0].arn

    retry_policy {
      maximum_event_age_in_seconds = var.maximum_event_age_in_seconds
      maximum_retry_attempts       = var.maximum_retry_attempts
    }

    dead_letter_config {
      arn = aws_sqs_queue.failures.arn
    }
  }

  # The schedule may fire at once.
  depends_on = [aws_iam_role_policy.schedule]
}
