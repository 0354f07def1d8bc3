# What makes files queryable: the Glue catalog with the tables and views, and the only work group that may query them.

data "aws_caller_identity" "current" {}

locals {
  formats = {
    json = {
      input_format  = "org.apache.hadoop.mapred.TextInputFormat"
      output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
      # The Hive SerDe, not OpenX: Athena's own page warns of the latter's row counts and values.
      serialization_library = "org.apache.hive.hcatalog.data.JsonSerDe"
      parameters            = { classification = "json", compressionType = "gzip" }
    }
    parquet = {
      input_format          = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
      output_format         = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { classification = "parquet", "parquet.compression" = "ZSTD" }
    }
  }

  # A partition key is never also a column: Athena could not read such a table (HIVE_INVALID_METADATA).
  tables = {
    bronze = {
      name        = "github_events_bronze"
      description = "Every event exactly as received; one JSON object a line, partitioned by the UTC day it was seen."
      location    = "s3://${var.bucket_names.raw}/github/events/"
      format      = local.formats.json
      columns = [
        { name = "id", type = "string", comment = "GitHub's id of the event" },
        { name = "type", type = "string", comment = "PushEvent, WatchEvent, …" },
        { name = "actor", type = "struct<id:bigint,login:string,display_login:string>", comment = "Who did it" },
        { name = "repo", type = "struct<id:bigint,name:string>", comment = "Where, as owner/name" },
        { name = "payload", type = "struct<action:string,ref:string,ref_type:string,size:int,distinct_size:int,number:int>", comment = "The fields that Silver reads; the files hold all of them" },
        { name = "public", type = "boolean", comment = "True for everything in the public timeline" },
        { name = "created_at", type = "string", comment = "When it happened, ISO 8601, UTC" },
        { name = "org", type = "struct<id:bigint,login:string>", comment = "The organisation, if the repository has one" },
      ]
      partition_keys = [{ name = "ingest_dt", type = "string", comment = "UTC day on which the source showed us the event" }]
      parameters     = local.daily_folders["bronze"]
    }
    silver = {
      name        = "github_events_silver"
      description = "One typed row per event id, partitioned by the month in which the event happened."
      location    = "s3://${var.bucket_names.silver}/github_events_silver/"
      format      = local.formats.parquet
      columns = [
        { name = "event_id", type = "string", comment = "GitHub's id of the event, unique in this table" },
        { name = "event_type", type = "string", comment = "PushEvent, WatchEvent, …" },
        { name = "created_at", type = "timestamp", comment = "When it happened, UTC" },
        { name = "event_date", type = "date", comment = "The day of created_at" },
        { name = "repo_id", type = "bigint", comment = "GitHub's id of the repository, which survives renames" },
        { name = "repo_name", type = "string", comment = "owner/name at the time" },
        { name = "actor_id", type = "bigint", comment = "GitHub's id of the account" },
        { name = "actor_login", type = "string", comment = "The account's name at the time" },
        { name = "is_bot", type = "boolean", comment = "Whether the account is a GitHub app or names itself a bot" },
        { name = "org_login", type = "string", comment = "The organisation, if the repository has one" },
        { name = "action", type = "string", comment = "opened, started, … for the types that have one" },
        { name = "ref", type = "string", comment = "The branch or tag, for the types that have one" },
        { name = "ref_type", type = "string", comment = "branch, tag or repository" },
        { name = "push_size", type = "int", comment = "Commits in a push" },
        { name = "number", type = "int", comment = "Number of the issue or pull request" },
        { name = "ingest_dt", type = "date", comment = "UTC day on which the source showed us the event" },
        { name = "bronze_path", type = "string", comment = "The Bronze object that the row was read from" },
      ]
      partition_keys = [
        { name = "year", type = "string", comment = "Year of created_at, UTC" },
        { name = "month", type = "string", comment = "Month of created_at, UTC, two digits" },
      ]
      parameters = {}
    }
    gold = {
      name        = "github_events_gold_daily"
      description = "Events per day, type and repository. A day is replaced as a whole, by changing where its partition points."
      location    = "s3://${var.bucket_names.gold}/github_events_gold_daily/"
      format      = local.formats.parquet
      columns = [
        { name = "event_type", type = "string", comment = "PushEvent, WatchEvent, …" },
        { name = "repo_id", type = "bigint", comment = "GitHub's id of the repository" },
        { name = "repo_name", type = "string", comment = "owner/name" },
        { name = "events_count", type = "bigint", comment = "How many events" },
      ]
      partition_keys = [{ name = "ingest_dt", type = "date", comment = "UTC day on which the source showed us the events" }]
      parameters     = {}
    }
    gold_hourly = {
      name        = "github_events_gold_hourly"
      description = "Events per hour and type, people and bots apart. A day is replaced as a whole, as in the daily table."
      location    = "s3://${var.bucket_names.gold}/github_events_gold_hourly/"
      format      = local.formats.parquet
      columns = [
        { name = "hour", type = "timestamp", comment = "Start of the hour in which the events happened, UTC" },
        { name = "event_type", type = "string", comment = "PushEvent, WatchEvent, …" },
        { name = "is_bot", type = "boolean", comment = "Whether the accounts are GitHub apps or name themselves bots" },
        { name = "events_count", type = "bigint", comment = "How many events" },
      ]
      partition_keys = [{ name = "ingest_dt", type = "date", comment = "UTC day on which the source showed us the events" }]
      parameters     = {}
    }
    quarantine = {
      name        = "github_events_quarantine"
      description = "What is not an event, as received, with the reason; one JSON object a line. `workshop replay` releases what is an event after all."
      location    = "s3://${var.bucket_names.raw}/quarantine/github/events/"
      format      = local.formats.json
      columns = [
        { name = "reason", type = "string", comment = "Why it is not an event" },
        { name = "source", type = "string", comment = "Address that it came from" },
        { name = "byte_offset", type = "bigint", comment = "Where it begins in the uncompressed page or file" },
        { name = "raw", type = "string", comment = "What it is, 1 MiB of it at most" },
        { name = "raw_bytes", type = "bigint", comment = "Its true length" },
        { name = "encoding", type = "string", comment = "Of raw: utf-8 or base64" },
        { name = "truncated", type = "boolean", comment = "Whether raw is cut; source and byte_offset lead to the rest" },
        { name = "received_at", type = "timestamp", comment = "When we received it, UTC" },
      ]
      partition_keys = [{ name = "ingest_dt", type = "string", comment = "UTC day on which the source showed it to us" }]
      parameters     = local.daily_folders["quarantine"]
    }
    quality = {
      name        = "github_events_quality"
      description = "What the quality rules found each time a day was checked before it was published."
      location    = "s3://${var.bucket_names.gold}/github_events_quality/"
      format      = local.formats.json
      columns = [
        { name = "run_id", type = "string", comment = "The run of the Gold function" },
        { name = "checked_at", type = "timestamp", comment = "When, UTC" },
        { name = "ingest_day", type = "date", comment = "The day that was checked" },
        { name = "table_name", type = "string", comment = "The table that the rule is about" },
        { name = "rule", type = "string", comment = "The rule's name; its SQL is in rules.toml" },
        { name = "blocking", type = "boolean", comment = "Whether a day that fails it is not published" },
        { name = "passed", type = "boolean", comment = "Whether observed is at most maximum" },
        { name = "observed", type = "double", comment = "What the rule measured" },
        { name = "maximum", type = "double", comment = "What it allows" },
        { name = "revision", type = "string", comment = "The state of Silver's day that was checked" },
      ]
      partition_keys = [{ name = "run_dt", type = "string", comment = "UTC day of the run" }]
      parameters     = local.daily_folders["quality"]
    }
  }

  # Where days are computed, not registered: a new folder is readable at once and no crawler runs.
  daily_folders = {
    for table, folder in {
      bronze     = { key = "ingest_dt", first = "2015-01-01", location = "s3://${var.bucket_names.raw}/github/events/" }
      quarantine = { key = "ingest_dt", first = "2015-01-01", location = "s3://${var.bucket_names.raw}/quarantine/github/events/" }
      quality    = { key = "run_dt", first = "2020-01-01", location = "s3://${var.bucket_names.gold}/github_events_quality/" }
      } : table => {
      "projection.enabled"              = "true"
      "projection.${folder.key}.type"   = "date"
      "projection.${folder.key}.format" = "yyyy-MM-dd"
      "projection.${folder.key}.range"  = "${folder.first},NOW"
      "storage.location.template"       = "${folder.location}${folder.key}=$${${folder.key}}/"
    }
  }

  # Saved queries that are views, too. Glue holds their columns in Hive's types, the view's own text in Trino's.
  views = {
    github_events_top_types_today = {
      query = "gold_event_types_today"
      columns = [
        { name = "event_type", type = "string", trino = "varchar" },
        { name = "total", type = "bigint", trino = "bigint" },
      ]
    }
    github_events_top_repositories_today = {
      query = "gold_repositories_today"
      columns = [
        { name = "repo_name", type = "string", trino = "varchar" },
        { name = "activity", type = "bigint", trino = "bigint" },
      ]
    }
    github_events_last_week = {
      query = "gold_last_week"
      columns = [
        { name = "ingest_dt", type = "date", trino = "date" },
        { name = "event_type", type = "string", trino = "varchar" },
        { name = "total", type = "bigint", trino = "bigint" },
      ]
    }
  }

  # One statement a file; its first line, a comment, is the description that people see in Athena.
  queries      = { for file in fileset("${path.module}/queries", "*.sql") : trimsuffix(file, ".sql") => file("${path.module}/queries/${file}") }
  descriptions = { for name, text in local.queries : name => trimspace(trimprefix(split("\n", text)[0], "--")) }
  statements   = { for name, text in local.queries : name => trimspace(join("\n", slice(split("\n", text), 1, length(split("\n", text))))) }
}

resource "aws_glue_catalog_database" "this" {
  name        = "dp_${var.environment}_lake"
  description = "GitHub events in three layers, bronze, silver and gold, with what was refused and what was checked."
}

resource "aws_glue_catalog_table" "this" {
  for_each = local.tables

  name          = each.value.name
  database_name = aws_glue_catalog_database.this.name
  description   = each.value.description
  table_type    = "EXTERNAL_TABLE"
  parameters    = merge({ EXTERNAL = "TRUE" }, each.value.format.parameters, each.value.parameters)

  storage_descriptor {
    location      = each.value.location
    input_format  = each.value.format.input_format
    output_format = each.value.format.output_format

    ser_de_info {
      serialization_library = each.value.format.serialization_library
    }

    dynamic "columns" {
      for_each = each.value.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }

  dynamic "partition_keys" {
    for_each = each.value.partition_keys

    content {
      name    = partition_keys.value.name
      type    = partition_keys.value.type
      comment = partition_keys.value.comment
    }
  }
}

# As Athena itself stores the result of CREATE VIEW: JSON in a comment of Presto's. Terraform can make it without a query.
resource "aws_glue_catalog_table" "view" {
  for_each = local.views

  name          = each.key
  database_name = aws_glue_catalog_database.this.name
  description   = local.descriptions[each.value.query]
  table_type    = "VIRTUAL_VIEW"
  parameters    = { presto_view = "true", comment = local.descriptions[each.value.query] }

  view_original_text = format("/* Presto View: %s */", base64encode(jsonencode({
    originalSql = local.statements[each.value.query]
    catalog     = "awsdatacatalog"
    schema      = aws_glue_catalog_database.this.name
    columns     = [for column in each.value.columns : { name = column.name, type = column.trino }]
  })))
  view_expanded_text = "/* Presto View */"

  storage_descriptor {
    dynamic "columns" {
      for_each = each.value.columns

      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }
}

resource "aws_athena_workgroup" "this" {
  name          = "dp-${var.environment}-wg"
  description   = "Queries on the ${var.environment} lake. Its settings win over the client's."
  force_destroy = var.force_destroy

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.bytes_scanned_cutoff_per_query

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${var.bucket_names.gold}/athena-results/"
      expected_bucket_owner = data.aws_caller_identity.current.account_id

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}

resource "aws_athena_named_query" "this" {
  for_each = local.queries

  name        = each.key
  description = local.descriptions[each.key]
  database    = aws_glue_catalog_database.this.name
  workgroup   = aws_athena_workgroup.this.name
  query       = each.value
}
