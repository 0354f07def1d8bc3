"""URL functions: examples of the documentation; what RFC 2396 makes of odd ones."""

from documented.tables import Expected, Fails, Row, Table

_PAGE = "Trino: URL functions"
_PARTS = ("protocol", "host", "port", "path", "query", "fragment")
_FULL = "http://example.com/path1/p.php?k1=v1&k2=v2&k3&k4#Ref1"


def _url(url: str, *parts: Expected) -> list[Row]:
    """Protocol, host, port, path, query and fragment of a URL."""
    return [(f"url_extract_{name}('{url}')", part) for name, part in zip(_PARTS, parts, strict=True)]


def _parameter(url: str, name: str, value: str | None) -> Row:
    return (f"url_extract_parameter('{url}', '{name}')", value)


TABLES = [
    Table(
        "url",
        f"{_PAGE}, extraction functions",
        [
            ("url_extract_protocol('https://127.0.0.1:8080/req_path')", "https", "varchar(31)"),
            ("url_extract_protocol('ftp://path/file')", "ftp"),
            ("url_extract_port('http://example.com:8080/')", "8080", "bigint"),
            *_url("http://example.com/path1/p.php", "http", "example.com", None, "/path1/p.php", "", ""),
            *_url(
                "http://example.com:8080/path1/p.php?k1=v1&k2=v2#Ref1",
                *("http", "example.com", "8080", "/path1/p.php", "k1=v1&k2=v2", "Ref1"),
            ),
            *_url("https://username@example.com", "https", "example.com", None, "", "", ""),
            *_url("https://username:password@example.com", "https", "example.com", None, "", "", ""),
            *_url("mailto:test@example.com", "mailto", "", None, "", "", ""),
            *_url("foo", "", "", None, "foo", "", ""),
            *_url("http://example.com/^", None, None, None, None, None, None),
            *_url("http://example.com/a b", None, None, None, None, None, None),
            *_url("http://not uri/cannot contain whitespace", None, None, None, None, None, None),
            *_url("", "", "", None, "", "", ""),
            *_url("http://[::1]:80/a", "http", "[::1]", "80", "/a", "", ""),
            *_url("http://my_host/a", "http", "", None, "/a", "", ""),
            *_url("http://1.2.3.4/", "http", "1.2.3.4", None, "/", "", ""),
            *_url("http://example.com/a%20b?x=%C3%A9#f%21", "http", "example.com", None, "/a b", "x=é", "f!"),
            *_url("http://example.com/%zz", None, None, None, None, None, None),
            *_url("http://example.com/é", "http", "example.com", None, "/é", "", ""),
            *_url("//example.com/p", "", "example.com", None, "/p", "", ""),
            *_url("http:", None, None, None, None, None, None),
            ("url_extract_host(NULL)", None),
            _parameter(_FULL, "k1", "v1"),
            _parameter(_FULL, "k2", "v2"),
            _parameter(_FULL, "k3", ""),
            _parameter(_FULL, "k4", ""),
            _parameter(_FULL, "k5", None),
            _parameter("http://example.com/path1/p.php?k1=v1&k1=v2&k1&k1#Ref1", "k1", "v1"),
            _parameter("http://example.com/path1/p.php?k1&k1=v1&k1&k1#Ref1", "k1", ""),
            _parameter("http://example.com/path1/p.php?k=a=b=c&x=y#Ref1", "k", "a=b=c"),
            _parameter("http://example.com/path1/p.php?k1=a%26k2%3Db&k2=c#Ref1", "k2", "c"),
            _parameter("http://example.com/path1/p.php?k1=a%26k2%3Db&k2=c#Ref1", "k1", "a&k2=b"),
            _parameter("foo", "k1", None),
            _parameter("http://example.com/^?k1=v", "k1", None),
        ],
    ),
    Table(
        "url",
        f"{_PAGE}, encoding functions",
        [
            ("url_encode('http://test')", "http%3A%2F%2Ftest", "varchar(132)"),
            ("url_encode('http://test?a=b&c=d')", "http%3A%2F%2Ftest%3Fa%3Db%26c%3Dd"),
            ("url_encode('http://テスト')", "http%3A%2F%2F%E3%83%86%E3%82%B9%E3%83%88"),
            ("url_encode('~@:.-*_+ ☃')", "%7E%40%3A.-*_%2B+%E2%98%83"),
            ("url_encode('test')", "test"),
            ("url_encode('\U00029e3d')", "%F0%A9%B8%BD", "varchar(12)"),
            ("url_encode('')", ""),
            ("url_encode(NULL)", None),
            ("url_decode('http%3A%2F%2Ftest')", "http://test", "varchar(17)"),
            ("url_decode('http%3A%2F%2Ftest%3Fa%3Db%26c%3Dd')", "http://test?a=b&c=d"),
            ("url_decode('http%3A%2F%2F%E3%83%86%E3%82%B9%E3%83%88')", "http://テスト"),
            ("url_decode('%7E%40%3A.-*_%2B+%E2%98%83')", "~@:.-*_+ ☃"),
            ("url_decode('test')", "test"),
            ("url_decode('%')", Fails("INVALID_FUNCTION_ARGUMENT", "Incomplete trailing escape (%) pattern")),
            ("url_decode('%zz')", Fails("INVALID_FUNCTION_ARGUMENT", "Illegal hex characters in escape (%) pattern")),
        ],
    ),
]
