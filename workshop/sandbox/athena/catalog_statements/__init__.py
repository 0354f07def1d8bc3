"""Statements about the catalog, run against Glue as the caller: DDL, SHOW, DESCRIBE, views, plans."""
