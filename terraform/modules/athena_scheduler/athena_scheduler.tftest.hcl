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
  bucket_names    = { raw = "the-raw", silver = "the-silver", gold = "the-gold" }
  kms_key_arn     = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  database_name   = "the_lake"
  table_names     = { bronze = "b", silver = "s", gold = "g", gold_hourly = "h", quality = "q" }
  work_group_name = "the-wg"
  archive         = "main.tf" # any file will do
}

run "transforms" {
  assert {
    condition = {
      for layer, policy in { silver = module.silver.policy, gold = module.gold.policy } : layer => toset(flatten([
        for statement in jsondecode(policy).Statement : statement.Resource if contains(flatten([statement.Action]), "s3:DeleteObject")
      ]))
    } == { silver = toset(["arn:aws:s3:::the-silver/s/*"]), gold = toset(["arn:aws:s3:::the-gold/g/*", "arn:aws:s3:::the-gold/h/*"]) }
    error_message = "A transform may delete files of its own tables only."
  }

  assert {
    condition = {
      for layer, policy in { silver = module.silver.policy, gold = module.gold.policy } : layer => toset(flatten([
        for statement in jsondecode(policy).Statement : statement.Resource if contains(flatten([statement.Action]), "glue:UpdatePartition")
      ]))
      } == {
      silver = toset(["arn:aws:glue:eu-west-1:111122223333:catalog", "arn:aws:glue:eu-west-1:111122223333:database/the_lake", "arn:aws:glue:eu-west-1:111122223333:table/the_lake/s"])
      gold   = toset(["arn:aws:glue:eu-west-1:111122223333:catalog", "arn:aws:glue:eu-west-1:111122223333:database/the_lake", "arn:aws:glue:eu-west-1:111122223333:table/the_lake/g", "arn:aws:glue:eu-west-1:111122223333:table/the_lake/h"])
    }
    error_message = "A transform may register partitions of its own tables only."
  }

  assert {
    condition = {
      for layer, policy in { silver = module.silver.policy, gold = module.gold.policy } : layer => toset([
        for arn in flatten([
          for statement in jsondecode(policy).Statement : statement.Resource if contains(flatten([statement.Action]), "glue:DeleteTable")
        ]) : arn if strcontains(arn, ":table/")
      ])
      } == {
      silver = toset(["arn:aws:glue:eu-west-1:111122223333:table/the_lake/s_audit"])
      gold   = toset(["arn:aws:glue:eu-west-1:111122223333:table/the_lake/g_audit", "arn:aws:glue:eu-west-1:111122223333:table/the_lake/h_audit"])
    }
    error_message = "A transform may make and delete only the tables that it checks with."
  }

  assert {
    condition = {
      for layer, policy in { silver = module.silver.policy, gold = module.gold.policy } : layer => toset(flatten([
        for statement in jsondecode(policy).Statement : statement.Resource if contains(flatten([statement.Action]), "s3:PutObject")
      ]))
      } == {
      silver = toset(["arn:aws:s3:::the-gold/athena-results/*", "arn:aws:s3:::the-silver/s/*", "arn:aws:s3:::the-silver/state/silver.json", "arn:aws:s3:::the-silver/state/silver/*"])
      gold   = toset(["arn:aws:s3:::the-gold/athena-results/*", "arn:aws:s3:::the-gold/g/*", "arn:aws:s3:::the-gold/h/*", "arn:aws:s3:::the-gold/q/*", "arn:aws:s3:::the-gold/state/gold.json"])
    }
    error_message = "A transform writes its own tables and its own state: Bronze is read, and Gold reads Silver's state."
  }

  assert {
    condition = alltrue([
      for statement in concat(jsondecode(module.silver.policy).Statement, jsondecode(module.gold.policy).Statement) :
      !contains(flatten([statement.Resource]), "*")
    ])
    error_message = "Every statement must name its resources."
  }

  assert {
    condition     = local.timeout > 60 && local.timeout < 900
    error_message = "Lambda allows 900 s, and the code needs time to stop a query."
  }
}


