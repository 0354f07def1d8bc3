"""The API of Amazon Athena: requests, executions, result files and their pages."""
