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

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/mock" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:mock" }
  }
}

variables {
  environment = "dev"
  kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  function_arns = {
    backfill = "arn:aws:lambda:eu-west-1:111122223333:function:the-backfill"
    silver   = "arn:aws:lambda:eu-west-1:111122223333:function:the-silver"
    gold     = "arn:aws:lambda:eu-west-1:111122223333:function:the-gold"
  }
}

run "state_machine" {
  assert {
    condition     = aws_sfn_state_machine.this.name == "dp-dev-gharchive-backfill" && aws_sfn_state_machine.this.type == "STANDARD"
    error_message = "A backfill of a month takes longer than the five minutes of an express execution."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Resource if statement.Action == "lambda:InvokeFunction"
      ]) == [
      "arn:aws:lambda:eu-west-1:111122223333:function:the-backfill",
      "arn:aws:lambda:eu-west-1:111122223333:function:the-silver",
      "arn:aws:lambda:eu-west-1:111122223333:function:the-gold",
    ]
    error_message = "It may invoke exactly these functions."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Resource != "*" || alltrue([for action in flatten([statement.Action]) : startswith(action, "logs:")])
    ])
    error_message = "Only the delivery of logs, which knows no resource, may be allowed everywhere."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    error_message = "Other accounts' state machines must not use the role."
  }

  assert {
    condition = (
      aws_sfn_state_machine.this.logging_configuration[0].level == "ERROR" &&
      aws_sfn_state_machine.this.logging_configuration[0].log_destination == "arn:aws:logs:eu-west-1:111122223333:log-group:mock:*" &&
      aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn && aws_cloudwatch_log_group.this.retention_in_days == 14
    )
    error_message = "Errors go to an encrypted log group that forgets."
  }
}

run "definition" {
  # Every state that one can go to exists, and every state can be reached.
  assert {
    condition = setunion(
      [jsondecode(aws_sfn_state_machine.this.definition).StartAt],
      [for state in jsondecode(aws_sfn_state_machine.this.definition).States : state.Next if can(state.Next)],
      [for state in jsondecode(aws_sfn_state_machine.this.definition).States : state.Default if can(state.Default)],
      flatten([for state in jsondecode(aws_sfn_state_machine.this.definition).States : [for choice in state.Choices : choice.Next] if can(state.Choices)]),
    ) == toset(keys(jsondecode(aws_sfn_state_machine.this.definition).States))
    error_message = "A state is missing, or is never reached."
  }

  assert {
    condition = {
      for name, state in jsondecode(aws_sfn_state_machine.this.definition).States : name => state.Arguments.FunctionName if state.Type == "Task"
    } == { Silver = var.function_arns.silver, Gold = var.function_arns.gold }
    error_message = "After the hours come Silver and Gold."
  }

  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.this.definition).States["Store the hours"].MaxConcurrency == 4 &&
      jsondecode(aws_sfn_state_machine.this.definition).States["Store the hours"].ItemProcessor.States["Store an hour"].Arguments.FunctionName == var.function_arns.backfill
    )
    error_message = "Four hours at a time."
  }

  # The first retrier that matches decides: after States.ALL none would ever be asked.
  assert {
    condition = alltrue([
      for state in concat(
        [jsondecode(aws_sfn_state_machine.this.definition).States["Store the hours"].ItemProcessor.States["Store an hour"]],
        [for state in jsondecode(aws_sfn_state_machine.this.definition).States : state if state.Type == "Task"],
      ) : index(state.Retry[*].ErrorEquals, ["States.ALL"]) == length(state.Retry) - 1
    ])
    error_message = "States.ALL must be the last of the retriers."
  }

  assert {
    condition = one(
      jsondecode(aws_sfn_state_machine.this.definition).States["Store the hours"].ItemProcessor.States["Store an hour"].Catch
    ).ErrorEquals == ["States.ALL"]
    error_message = "A failed hour must not stop the others."
  }
}

run "aliases_are_refused" {
  command = plan

  variables {
    function_arns = {
      backfill = "arn:aws:lambda:eu-west-1:111122223333:function:the-backfill:live"
      silver   = "arn:aws:lambda:eu-west-1:111122223333:function:the-silver"
      gold     = "the-gold"
    }
  }

  expect_failures = [var.function_arns]
}
