"""From tables to rows: which files, their bytes, and views over them."""
