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
  environment     = "dev"
  raw_bucket_name = "the-raw"
  kms_key_arn     = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  archive         = "main.tf" # any file will do
}

run "without_a_token" {
  assert {
    condition = toset(flatten([
      for statement in jsondecode(module.function.policy).Statement : statement.Resource if contains(flatten([statement.Action]), "s3:PutObject")
      ])) == toset([
      "arn:aws:s3:::the-raw/github/events/*",
      "arn:aws:s3:::the-raw/quarantine/*",
      "arn:aws:s3:::the-raw/state/github_events_ingestor.json",
    ])
    error_message = "It writes events, quarantine and its state, nothing else."
  }

  assert {
    condition = length([
      for statement in jsondecode(module.function.policy).Statement : statement
      if strcontains(join(",", flatten([statement.Action])), "s3:Delete") || statement.Resource == "*"
    ]) == 0
    error_message = "Bronze is immutable: nothing may be deleted, and nothing is allowed everywhere."
  }

  assert {
    condition = [
      for statement in jsondecode(module.function.policy).Statement : statement.Condition.StringEquals["kms:ViaService"]
      if contains(flatten([statement.Action]), "kms:Decrypt")
    ] == ["s3.eu-west-1.amazonaws.com"]
    error_message = "The key is used through S3 only."
  }

  assert {
    condition = length([
      for statement in jsondecode(module.function.policy).Statement : statement if statement.Action == "ssm:GetParameter"
    ]) == 0
    error_message = "Without a token there is nothing to read."
  }
}

run "backfill" {
  assert {
    condition = {
      for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] : action => toset(flatten([
        for statement in jsondecode(module.backfill.policy).Statement : statement.Resource if contains(flatten([statement.Action]), action)
      ]))
      } == {
      "s3:GetObject"    = toset(["arn:aws:s3:::the-raw/github/events/*", "arn:aws:s3:::the-raw/quarantine/*", "arn:aws:s3:::the-raw/state/gharchive_backfill/*"])
      "s3:PutObject"    = toset(["arn:aws:s3:::the-raw/github/events/*", "arn:aws:s3:::the-raw/quarantine/*", "arn:aws:s3:::the-raw/state/gharchive_backfill/*"])
      "s3:DeleteObject" = toset(["arn:aws:s3:::the-raw/quarantine/*"])
    }
    error_message = "It reads and writes Bronze, quarantine and its own records, and deletes in quarantine only."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.backfill.policy).Statement : statement.Action])) == toset([
      "kms:Decrypt", "kms:GenerateDataKey", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject",
    ])
    error_message = "It may do nothing else, and reads no token: GH Archive asks for none."
  }

  assert {
    condition = [
      for statement in jsondecode(module.backfill.policy).Statement : statement.Condition.StringEquals["kms:ViaService"]
      if contains(flatten([statement.Action]), "kms:Decrypt")
    ] == ["s3.eu-west-1.amazonaws.com"]
    error_message = "The key is used through S3 only."
  }

  assert {
    condition     = output.function_names == { ingestor = "dp-dev-github-events-ingestor", backfill = "dp-dev-gharchive-backfill" }
    error_message = "The functions are named by environment."
  }
}

run "token_by_name" {
  variables {
    github_token_parameter = "/lakehouse/github-token"
  }

  assert {
    condition = [
      for statement in jsondecode(module.function.policy).Statement : statement.Resource if statement.Action == "ssm:GetParameter"
    ] == ["arn:aws:ssm:eu-west-1:111122223333:parameter/lakehouse/github-token"]
    error_message = "It may read this one parameter."
  }
}

run "plain_http_is_refused" {
  command = plan

  variables {
    github_api_url = "http://api.github.com"
    gharchive_url  = "http://data.gharchive.org"
  }

  expect_failures = [var.github_api_url, var.gharchive_url]
}
