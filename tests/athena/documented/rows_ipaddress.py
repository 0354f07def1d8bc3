"""IP addresses: the function and the casts of the documentation."""

from documented.tables import Fails, Table

_WRONG = "INVALID_FUNCTION_ARGUMENT"

TABLES = [
    Table(
        "ipaddress",
        "Trino: IP address functions; data types, IPADDRESS",
        [
            ("IPADDRESS '10.0.0.1'", "10.0.0.1", "ipaddress"),
            ("IPADDRESS '2001:db8::1'", "2001:db8::1"),
            ("CAST('2001:0db8:0000:0000:0000:ff00:0042:8329' AS ipaddress)", "2001:db8::ff00:42:8329"),
            ("CAST('::ffff:1.2.3.4' AS ipaddress)", "1.2.3.4"),
            ("CAST(IPADDRESS '10.0.0.1' AS varchar)", "10.0.0.1", "varchar"),
            ("CAST(IPADDRESS '10.0.0.1' AS varbinary)", "00 00 00 00 00 00 00 00 00 00 ff ff 0a 00 00 01"),
            ("CAST(X'0a000001' AS ipaddress)", "10.0.0.1"),
            ("CAST(X'20010db8000000000000ff0000428329' AS ipaddress)", "2001:db8::ff00:42:8329"),
            ("CAST('x' AS ipaddress)", Fails("INVALID_CAST_ARGUMENT", "Cannot cast value to IPADDRESS: x")),
            ("CAST(X'12' AS ipaddress)", Fails("INVALID_CAST_ARGUMENT", "Invalid InetAddress binary length: 1")),
            ("IPADDRESS '10.0.0.1' = CAST('10.0.0.1' AS ipaddress)", "true"),
            ("IPADDRESS '10.0.0.1' < IPADDRESS '10.0.0.2'", "true"),
            ("contains('10.0.0.0/8', IPADDRESS '10.255.255.255')", "true", "boolean"),
            ("contains('10.0.0.0/8', IPADDRESS '11.255.255.255')", "false"),
            ("contains('2001:0db8:0:0:0:ff00:0042:8329/128', IPADDRESS '2001:0db8:0:0:0:ff00:0042:8329')", "true"),
            ("contains('2001:0db8:0:0:0:ff00:0042:8329/128', IPADDRESS '2001:0db8:0:0:0:ff00:0042:8328')", "false"),
            ("contains('0.0.0.0/0', IPADDRESS '1.2.3.4')", "true"),
            ("contains('10.0.0.0/8', NULL)", None),
            ("contains('10.0.0.0', IPADDRESS '10.0.0.1')", Fails(_WRONG, "Invalid CIDR")),
            ("contains('64:ff9b::17/-1', IPADDRESS '64:ffff::17')", Fails(_WRONG, "Invalid prefix length")),
            ("contains('x/8', IPADDRESS '10.0.0.1')", Fails(_WRONG, "Invalid network IP address")),
        ],
    ),
]
