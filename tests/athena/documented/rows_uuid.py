"""UUID: the function and the casts of the documentation."""

from documented.tables import Fails, Table

_UUID = "12151fd2-7586-11e9-8f9e-2a86e4085a59"

TABLES = [
    Table(
        "uuid",
        "Trino: UUID functions; data types, UUID",
        [
            ("typeof(uuid())", "uuid"),
            ("uuid() <> uuid()", "true"),
            ("length(CAST(uuid() AS varchar))", "36"),
            (f"UUID '{_UUID}'", _UUID, "uuid"),
            (f"CAST('{_UUID.upper()}' AS uuid)", _UUID),
            (f"CAST(UUID '{_UUID}' AS varchar)", _UUID, "varchar"),
            (f"CAST(UUID '{_UUID}' AS varbinary)", "12 15 1f d2 75 86 11 e9 8f 9e 2a 86 e4 08 5a 59"),
            ("CAST(X'12151fd2758611e98f9e2a86e4085a59' AS uuid)", _UUID),
            (f"UUID '{_UUID}' = CAST('{_UUID}' AS uuid)", "true"),
            ("UUID '00000000-0000-0000-0000-000000000001' < UUID '00000000-0000-0000-0000-000000000002'", "true"),
            ("CAST('x' AS uuid)", Fails("INVALID_CAST_ARGUMENT", "Cannot cast value to UUID: x")),
            ("CAST(X'1234' AS uuid)", Fails("INVALID_CAST_ARGUMENT", "Invalid UUID binary length: 2")),
            ("TRY_CAST('x' AS uuid)", None),
            ("CAST(1 AS uuid)", Fails("TYPE_MISMATCH", "Cannot cast integer to uuid")),
        ],
    ),
]
