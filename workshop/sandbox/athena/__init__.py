"""The local Athena: Trino SQL over Glue and S3, run by DuckDB, behind the API of Amazon Athena."""
