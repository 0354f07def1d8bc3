# The order of a backfill: hours of GH Archive into Bronze, a few at a time, then Silver, then Gold. A state machine, so
# that a month may take hours, a failed hour is tried again, and whoever started it may go home.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name
  name       = "dp-${var.environment}-gharchive-backfill"
}

# A prefix that CloudWatch Logs lets services write to without a resource policy of our own, which has a size limit.
# https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338: two weeks are enough to find a fault; the record of every hour stays in the raw bucket

  name              = "/aws/vendedlogs/states/${local.name}"
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_iam_role" "this" {
  name        = "${local.name}-states"
  description = "Lets the backfill's state machine invoke its three functions."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:states:${local.region}:${local.account_id}:stateMachine:${local.name}" }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  # checkov:skip=CKV_AWS_290: the actions of log delivery know no resource
  # checkov:skip=CKV_AWS_355: the actions of log delivery know no resource

  name = "work"
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "InvokeTheFunctions"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = [var.function_arns.backfill, var.function_arns.silver, var.function_arns.gold]
      },
      {
        # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
        Sid    = "DeliverLogs"
        Effect = "Allow"
        Action = [
          "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
        ]
        Resource = "*" # the actions of log delivery know no resource
      },
    ]
  })
}

resource "aws_sfn_state_machine" "this" {
  # checkov:skip=CKV_AWS_284: three functions in a row; the execution's history shows each of their runs without X-Ray

  name     = local.name
  role_arn = aws_iam_role.this.arn
  type     = "STANDARD"

  definition = templatefile("${path.module}/gharchive_backfill.asl.json", {
    invoke   = "arn:${local.partition}:states:::lambda:invoke"
    backfill = var.function_arns.backfill
    silver   = var.function_arns.silver
    gold     = var.function_arns.gold
  })

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  # Step Functions tries the delivery of logs when the state machine is made.
  depends_on = [aws_iam_role_policy.this]
}
