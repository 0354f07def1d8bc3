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

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555" }
  }
}

variables {
  environment = "dev"
}

run "storage" {
  assert {
    condition = output.bucket_names == {
      raw    = "dp-dev-111122223333-raw"
      silver = "dp-dev-111122223333-silver"
      gold   = "dp-dev-111122223333-gold"
      logs   = "dp-dev-111122223333-logs"
    }
    error_message = "The four buckets must be named by environment and account."
  }

  assert {
    condition     = aws_kms_key.s3.enable_key_rotation && aws_kms_alias.s3.name == "alias/dp-dev-s3"
    error_message = "The key must rotate and have its alias."
  }

  # A principal that may use the key may still use it only through S3.
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.s3.policy).Statement :
      statement.Condition.StringEquals["kms:ViaService"] == "s3.eu-west-1.amazonaws.com"
      if contains(statement.Action, "kms:Decrypt") && can(statement.Principal.AWS)
    ])
    error_message = "Decrypting must be bound to S3."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_kms_key.s3.policy).Statement :
      statement.Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] if can(statement.Principal.Service)
      ]) == [
      "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/dp-dev-*",
      "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/vendedlogs/states/dp-dev-*",
    ]
    error_message = "CloudWatch Logs may use the key for this environment's log groups only."
  }

  assert {
    condition = {
      for bucket, one in aws_s3_bucket_server_side_encryption_configuration.this :
      bucket => one(one.rule).apply_server_side_encryption_by_default[0].sse_algorithm
    } == { raw = "aws:kms", silver = "aws:kms", gold = "aws:kms", logs = "AES256" }
    error_message = "The data buckets use the key; S3 delivers access logs to SSE-S3 only."
  }

  assert {
    condition     = alltrue([for bucket in ["raw", "silver", "gold"] : one(aws_s3_bucket_server_side_encryption_configuration.this[bucket].rule).bucket_key_enabled])
    error_message = "Bucket keys save most of the requests to KMS."
  }

  assert {
    condition = alltrue([
      for bucket, one in aws_s3_bucket_policy.this : contains(
        [
          for statement in jsondecode(one.policy).Statement : try(statement.Condition.Bool["aws:SecureTransport"], "")
          if statement.Effect == "Deny" && length(statement.Resource) == 2
        ],
        "false",
      )
    ])
    error_message = "Every bucket and its objects must refuse plain http."
  }

  assert {
    condition = alltrue(flatten([
      for bucket, one in aws_s3_bucket_policy.this : [
        for statement in jsondecode(one.policy).Statement : bucket == "logs" && statement.Principal.Service == "logging.s3.amazonaws.com"
        if statement.Effect == "Allow"
      ]
    ]))
    error_message = "The only thing that a bucket policy allows is the delivery of access logs."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_s3_bucket_policy.this["logs"].policy).Statement :
      statement.Condition.ArnLike["aws:SourceArn"] if statement.Effect == "Allow"
    ])) == toset(["arn:aws:s3:::dp-dev-111122223333-raw", "arn:aws:s3:::dp-dev-111122223333-silver", "arn:aws:s3:::dp-dev-111122223333-gold"])
    error_message = "Access logs come from the three data buckets."
  }

  assert {
    condition     = toset(keys(aws_s3_bucket_logging.this)) == toset(["raw", "silver", "gold"])
    error_message = "The log bucket must not log to itself."
  }

  assert {
    condition = alltrue(flatten([
      for one in aws_s3_bucket_lifecycle_configuration.this : [for rule in one.rule : length(rule.transition) == 0]
    ]))
    error_message = "Athena skips archived objects without a word: no transitions."
  }

  assert {
    condition = {
      for rule in aws_s3_bucket_lifecycle_configuration.this["gold"].rule : rule.filter[0].prefix => rule.expiration[0].days
      if rule.id != "housekeeping"
    } == { "github_events_gold_daily/" = 760, "github_events_gold_hourly/" = 760, "github_events_quality/" = 760, "athena-results/" = 7 }
    error_message = "Gold outlives Silver's two years by the month in which a day may change; results keep a week."
  }

  assert {
    condition = alltrue(flatten([
      for one in aws_s3_bucket_lifecycle_configuration.this : [
        for rule in one.rule : !startswith("state/", rule.filter[0].prefix) && !startswith(rule.filter[0].prefix, "state/")
        if rule.id != "housekeeping"
      ]
    ]))
    error_message = "What the functions remember must never age away."
  }

  assert {
    condition = alltrue(flatten([
      for one in aws_s3_bucket_lifecycle_configuration.this : [
        for rule in one.rule : rule.noncurrent_version_expiration[0].noncurrent_days == 30 &&
        rule.abort_incomplete_multipart_upload[0].days_after_initiation == 7 if rule.id == "housekeeping"
      ]
    ]))
    error_message = "A versioned bucket without noncurrent expiry never shrinks."
  }

  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.this : !bucket.force_destroy])
    error_message = "A destroy must not delete data unless it was asked to."
  }
}

run "unknown_environments_are_refused" {
  command = plan

  variables {
    environment = "production"
  }

  expect_failures = [var.environment]
}
