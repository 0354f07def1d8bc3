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

run "remote_state" {
  assert {
    condition     = aws_s3_bucket.state.bucket == "dp-tfstate-111122223333"
    error_message = "The bucket's name must hold the account."
  }

  assert {
    condition     = aws_kms_key.state.enable_key_rotation && aws_kms_alias.state.name == "alias/dp-tfstate"
    error_message = "The key must rotate and have its alias."
  }

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "Without versions there is nothing to roll back to."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_server_side_encryption_configuration.state.rule :
      rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    ])
    error_message = "States must be encrypted with the key, through a bucket key."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.state.block_public_acls,
      aws_s3_bucket_public_access_block.state.block_public_policy,
      aws_s3_bucket_public_access_block.state.ignore_public_acls,
      aws_s3_bucket_public_access_block.state.restrict_public_buckets,
    ])
    error_message = "All four public access blocks must be on."
  }

  assert {
    condition = toset([
      for statement in jsondecode(aws_s3_bucket_policy.state.policy).Statement : statement.Sid if statement.Effect == "Deny"
    ]) == toset(["DenyWithoutTls", "DenyOtherEncryption", "DenyOtherKeys"])
    error_message = "The three denials must be there."
  }

  # The backend names the key by its alias.
  assert {
    condition = contains(
      flatten([
        for statement in jsondecode(aws_s3_bucket_policy.state.policy).Statement :
        try(statement.Condition.StringNotEquals["s3:x-amz-server-side-encryption-aws-kms-key-id"], [])
      ]),
      "arn:aws:kms:eu-west-1:111122223333:alias/dp-tfstate",
    )
    error_message = "The key's alias must be allowed."
  }

  assert {
    condition     = !aws_s3_bucket.state.force_destroy
    error_message = "The states' bucket must not be emptied by a plain destroy."
  }

  assert {
    condition     = length(aws_dynamodb_table.lock) == 0 && output.lock_table_name == ""
    error_message = "S3 locks natively; the table is for older Terraform."
  }
}

run "lock_table_behind_its_switch" {
  variables {
    create_lock_table = true
  }

  assert {
    condition     = output.lock_table_name == "dp-tfstate-lock" && aws_dynamodb_table.lock[0].hash_key == "LockID"
    error_message = "Terraform expects a table with the key LockID."
  }
}

run "half_a_day_is_refused" {
  command = plan

  variables {
    noncurrent_retention_days = 0.5
  }

  expect_failures = [var.noncurrent_retention_days]
}
