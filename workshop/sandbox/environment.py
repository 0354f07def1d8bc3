"""The server's environment: decided here, not inherited, because the emulator reads it and Lambdas get parts of it."""

import os
from collections.abc import Mapping
from pathlib import Path

from workshop.sandbox.home import SandboxHome, without_proxy

# A machine's locale, search path and way to the internet; never its AWS variables or anyone's secrets.
INHERITED = (
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT",
    "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy",
)  # fmt: skip

# What the emulator offers; requests for anything else get "Unsupported service". Athena is replaced by ours.
SERVICES = (
    "account", "athena", "budgets", "cloudtrail", "dynamodb", "events", "glue", "iam", "kms", "lambda", "logs",
    "monitoring", "resource-groups", "s3", "scheduler", "secretsmanager", "sns", "sqs", "ssm", "states", "sts",
    "tagging",
)  # fmt: skip

# What a Lambda sees of the server's environment, besides its own variables and its role's credentials.
SHOWN_TO_LAMBDAS = frozenset(
    {*INHERITED, "NO_PROXY", "no_proxy", "TMPDIR", "HOME", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "SSL_CERT_FILE"}
    | {"REQUESTS_CA_BUNDLE", "AWS_EC2_METADATA_DISABLED", "AWS_REGION", "AWS_DEFAULT_REGION"}
)


def server_environment(home: SandboxHome, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the complete environment of the server process for `home`.

    The emulator's settings are those measured to work; it reads them when it is imported.
    """
    settings = home.settings
    no_proxy = without_proxy(inherited)
    kept = {name: inherited[name] for name in INHERITED if name in inherited}
    return kept | {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(settings.https_port),
        "USE_SSL": "1",
        "SERVICES": ",".join(SERVICES),
        "MINISTACK_ACCOUNT_ID": settings.account,
        "MINISTACK_REGION": settings.region,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home.emulator_state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home.s3_data),
        "TMPDIR": str(home.tmp),
        # Not the owner's: there is an `.aws` folder in it, and Lambdas would read it.
        "HOME": str(home.tmp),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # There is no Docker here: a socket that does not exist keeps the emulator from looking for one.
        "DOCKER_HOST": f"unix://{home.tmp / 'no-docker'}",
        # Lambdas are given these: TLS, because the lake's policies deny plain http.
        "AWS_ENDPOINT_URL": home.endpoint,
        "AWS_CA_BUNDLE": str(home.ca_bundle),
        "SSL_CERT_FILE": str(home.trust_bundle),
        "REQUESTS_CA_BUNDLE": str(home.trust_bundle),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        # No profile of the machine's owner may reach in.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def public_roots(inherited: Mapping[str, str]) -> Path:
    """The certificates of public sites: the machine's own choice (a company's proxy may need it), else certifi's."""
    chosen = inherited.get("SSL_CERT_FILE", "")
    if chosen and os.access(chosen, os.R_OK):
        return Path(chosen)
    import certifi  # noqa: PLC0415

    return Path(certifi.where())
