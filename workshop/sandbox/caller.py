"""Who signed a request: what the services of ours that stand beside the emulator work as."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """The credentials behind a request whose signature the emulator has already verified."""

    account_id: str
    arn: str
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


def resolve_caller(headers: Mapping[str, str]) -> Caller:
    """Find the credentials that signed a request, by its (lower-case) headers.

    Raises `PermissionError` for a request without a known key; the emulator refuses those before any service of ours
    is called.
    """
    from ministack.core.iam_evaluator import CredentialResolutionError, resolve_credential  # noqa: PLC0415
    from ministack.core.responses import get_account_id  # noqa: PLC0415
    from ministack.core.router import extract_access_key_id  # noqa: PLC0415

    found = resolve_credential(extract_access_key_id(dict(headers)), get_account_id())
    if isinstance(found, CredentialResolutionError):
        raise PermissionError(found.message)
    return Caller(
        account_id=found.account_id,
        arn=found.principal_arn,
        access_key_id=found.access_key_id,
        secret_access_key=found.secret_access_key,
        session_token=found.session_token,
    )
