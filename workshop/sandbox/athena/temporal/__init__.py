"""Dates, times, zones and their texts in Python, where DuckDB has no exact words for them: any year, any precision."""
