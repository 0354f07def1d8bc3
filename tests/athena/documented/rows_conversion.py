"""Conversion functions: examples of the documentation."""

from documented.tables import Fails, Table

TABLES = [
    Table(
        "conversion",
        "Trino: conversion functions, cast",
        [
            ("CAST('12' AS bigint)", "12", "bigint"),
            ("CAST('x' AS integer)", Fails("INVALID_CAST_ARGUMENT", "Cannot cast 'x' to INT")),
        ],
    ),
]
