"""From syntax trees to DuckDB SQL: names, types, operators, queries."""
