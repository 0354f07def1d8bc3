"""Looks whether an endpoint answers before a tool does that would retry for minutes."""

import http.client
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from workshop.errors import WorkshopError
from workshop.sandbox.home import SandboxHome

HEALTH = "/_sandbox/health"
TIMEOUT_SECONDS = 5


def is_ready(home: SandboxHome) -> bool:
    """Whether the server of `home` answers over TLS."""
    if not home.ca_bundle.exists():
        return False
    try:
        _get(home.endpoint, home.ca_bundle)
    except (OSError, http.client.HTTPException):
        return False
    return True


def check_endpoint(environ: Mapping[str, str]) -> None:
    """Raise `WorkshopError` unless `AWS_ENDPOINT_URL` answers and `AWS_CA_BUNDLE` verifies its certificate.

    Without an endpoint the target is AWS itself, and there is nothing to check.
    """
    endpoint = environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        return
    bundle = environ.get("AWS_CA_BUNDLE")
    try:
        _get(endpoint, Path(bundle) if bundle else None)
    except ssl.SSLCertVerificationError as error:
        raise WorkshopError(
            f"The certificate of {endpoint} is not trusted by AWS_CA_BUNDLE ({bundle or 'unset'}): "
            f"{error.verify_message}.",
            'Set the variables anew: eval "$(workshop env)".',
        ) from error
    except ssl.SSLError as error:
        raise WorkshopError(
            f"{endpoint} cannot be checked with AWS_CA_BUNDLE ({bundle or 'unset'}): {error.reason or error}.",
            'Set the variables anew: eval "$(workshop env)".',
        ) from error
    except FileNotFoundError as error:
        raise WorkshopError(
            f"AWS_CA_BUNDLE names {bundle}, which does not exist.", 'Set the variables anew: eval "$(workshop env)".'
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise WorkshopError(
            f"Nothing answers at AWS_ENDPOINT_URL, {endpoint}: {error}.", "Start the sandbox with `make sandbox-up`."
        ) from error


def _get(endpoint: str, bundle: Path | None) -> None:
    address = urlsplit(endpoint)
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        context = ssl.create_default_context(cafile=str(bundle) if bundle else None)
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", HEALTH)
        connection.getresponse().read()
    finally:
        connection.close()
