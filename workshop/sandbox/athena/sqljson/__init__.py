"""JSON as Trino has it: text, paths, and values of SQL made of it."""
