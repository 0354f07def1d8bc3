output "database_name" {
  description = "Name of the Glue database."
  value       = aws_glue_catalog_database.this.name
}

output "table_names" {
  description = "Names of the tables: bronze, silver, gold, gold_hourly, quarantine, quality."
  value       = { for layer, table in aws_glue_catalog_table.this : layer => table.name }
}

output "view_names" {
  description = "Names of the views, sorted."
  value       = keys(aws_glue_catalog_table.view)
}

output "work_group_name" {
  description = "Name of the Athena work group."
  value       = aws_athena_workgroup.this.name
}
