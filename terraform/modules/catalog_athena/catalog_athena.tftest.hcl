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
}

variables {
  environment  = "dev"
  bucket_names = { raw = "the-raw", silver = "the-silver", gold = "the-gold" }
  kms_key_arn  = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

run "catalog" {
  assert {
    condition     = output.database_name == "dp_dev_lake"
    error_message = "A hyphen in the name would need quoting in every query."
  }

  # HIVE_INVALID_METADATA otherwise.
  assert {
    condition = alltrue([
      for table in aws_glue_catalog_table.this : length(setintersection(
        toset(table.partition_keys[*].name), toset(table.storage_descriptor[0].columns[*].name)
      )) == 0
    ])
    error_message = "A partition key must not be a column, too."
  }

  assert {
    condition = alltrue([
      for table in aws_glue_catalog_table.this : endswith(table.storage_descriptor[0].location, "/")
    ])
    error_message = "A location without its slash also covers everything that begins like it."
  }

  assert {
    condition     = aws_glue_catalog_table.this["bronze"].parameters["storage.location.template"] == "s3://the-raw/github/events/ingest_dt=$${ingest_dt}/"
    error_message = "The template must hold the partition key and end in a slash."
  }

  assert {
    condition = (
      aws_glue_catalog_table.this["bronze"].parameters["projection.ingest_dt.type"] == "date" &&
      aws_glue_catalog_table.this["bronze"].parameters["projection.ingest_dt.format"] == "yyyy-MM-dd" &&
      aws_glue_catalog_table.this["bronze"].parameters["projection.ingest_dt.range"] == "2015-01-01,NOW"
    )
    error_message = "Date projection needs its format and its range."
  }

  assert {
    condition = {
      for table in ["quarantine", "quality"] : table => aws_glue_catalog_table.this[table].parameters["storage.location.template"]
      } == {
      quarantine = "s3://the-raw/quarantine/github/events/ingest_dt=$${ingest_dt}/"
      quality    = "s3://the-gold/github_events_quality/run_dt=$${run_dt}/"
    }
    error_message = "Quarantine and quality have a folder a day, too."
  }

  # With projection Athena would ignore the partitions that the transforms register.
  assert {
    condition     = alltrue([for layer in ["silver", "gold", "gold_hourly"] : !contains(keys(aws_glue_catalog_table.this[layer].parameters), "projection.enabled")])
    error_message = "Silver's and Gold's partitions are registered, not projected."
  }

  assert {
    condition = {
      for layer, table in aws_glue_catalog_table.this : layer => { for key in table.partition_keys : key.name => key.type }
      } == {
      bronze      = { ingest_dt = "string" }
      silver      = { year = "string", month = "string" }
      gold        = { ingest_dt = "date" }
      gold_hourly = { ingest_dt = "date" }
      quarantine  = { ingest_dt = "string" }
      quality     = { run_dt = "string" }
    }
    error_message = "Queries compare Gold's ingest_dt with CURRENT_DATE: a date, not a string."
  }

  assert {
    condition = (
      aws_athena_workgroup.this.configuration[0].enforce_workgroup_configuration &&
      aws_athena_workgroup.this.configuration[0].result_configuration[0].encryption_configuration[0].encryption_option == "SSE_KMS" &&
      aws_athena_workgroup.this.configuration[0].result_configuration[0].output_location == "s3://the-gold/athena-results/"
    )
    error_message = "Results must be encrypted and lie where they expire, whatever a client asks for."
  }

  assert {
    condition = alltrue([
      for query in aws_athena_named_query.this : startswith(query.query, "-- ") && length(query.description) > 20 && !strcontains(query.query, ";")
    ])
    error_message = "A file holds one statement under a line that describes it."
  }

  assert {
    condition     = length(aws_athena_named_query.this) == 7
    error_message = "There are seven saved queries."
  }
}

run "views" {
  assert {
    condition     = output.view_names == ["github_events_last_week", "github_events_top_repositories_today", "github_events_top_types_today"]
    error_message = "There are three views."
  }

  assert {
    condition = alltrue([
      for view in aws_glue_catalog_table.view :
      view.table_type == "VIRTUAL_VIEW" && view.view_expanded_text == "/* Presto View */" && view.parameters["presto_view"] == "true"
    ])
    error_message = "Athena knows its views by these marks."
  }

  assert {
    condition = alltrue([
      for view in aws_glue_catalog_table.view :
      startswith(jsondecode(base64decode(regex("^/\\* Presto View: (.*) \\*/$", view.view_original_text)[0])).originalSql, "SELECT ") &&
      jsondecode(base64decode(regex("^/\\* Presto View: (.*) \\*/$", view.view_original_text)[0])).schema == "dp_dev_lake"
    ])
    error_message = "A view is its statement, read in the lake's database."
  }

  # Readers take the names and types from both places.
  assert {
    condition = alltrue([
      for view in aws_glue_catalog_table.view :
      join(",", jsondecode(base64decode(regex("^/\\* Presto View: (.*) \\*/$", view.view_original_text)[0])).columns[*].name) == join(",", view.storage_descriptor[0].columns[*].name)
    ])
    error_message = "Glue and the view's text must name the same columns."
  }
}

run "a_cutoff_below_athenas_minimum_is_refused" {
  command = plan

  variables {
    bytes_scanned_cutoff_per_query = 9999999
  }

  expect_failures = [var.bytes_scanned_cutoff_per_query]
}
