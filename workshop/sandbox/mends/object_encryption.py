"""S3 asks KMS before it writes or reads an object encrypted with a KMS key.

Wrong in ministack 1.5.33: whoever may put or get an object may do so without any permission on its key, and with a key
that is disabled or gone. AWS: `kms:GenerateDataKey` to write, `kms:Decrypt` to read, both for parts of a multipart
upload, asked for in the caller's name through S3 (`kms:ViaService`), with the object's or, with bucket keys, the
bucket's ARN as encryption context: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

import contextvars
import re
from typing import Any
from urllib.parse import unquote

import ministack.app as emulator
from ministack.core.iam_actions import identity_denial_message
from ministack.core.iam_evaluator import AuthError, enforce
from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id
from ministack.services import kms, s3

from workshop.sandbox.calls import Call, Handler, Response

ALGORITHM = "x-amz-server-side-encryption"
KEY = "x-amz-server-side-encryption-aws-kms-key-id"
BUCKET_KEY = "x-amz-server-side-encryption-bucket-key-enabled"


_current: contextvars.ContextVar[Call | None] = contextvars.ContextVar("current_s3_call", default=None)


def check_object_keys() -> None:
    """Hook into the places where S3 decides how an object is, or was, encrypted."""
    emulator.SERVICE_HANDLERS["s3"] = _remembering(emulator.SERVICE_HANDLERS["s3"])
    resolve, read = s3._resolve_sse_write_headers, s3._check_sse_read_headers
    copy_source, part = s3._check_sse_c_copy_source, s3._check_sse_c_part

    def resolve_write(headers: dict[str, str], bucket_name: str) -> tuple[dict[str, str] | None, Response | None]:
        stored, error = resolve(headers, bucket_name)
        if error is None and (call := _current.get()) is not None:
            error = _refusal(call, "kms:GenerateDataKey", stored, call.path)
        if error is not None:
            return None, error
        if stored and (key := kms._resolve_key(stored.get(KEY, ""))):
            stored[KEY] = key["Arn"]  # S3 answers with the key's ARN, however the caller named it
        return stored, None

    def check_read(headers: dict[str, str], obj: dict[str, Any]) -> Response | None:
        call = _current.get()
        refused: Response | None = read(headers, obj)
        # A HEAD reads no content; S3 needs the key only if the checksum is asked for.
        if refused is not None or call is None or (call.method == "HEAD" and not _wants_checksum(headers)):
            return refused
        return _refusal(call, "kms:Decrypt", s3._stored_sse_headers(obj), call.path)

    def check_copy_source(headers: dict[str, str], source: dict[str, Any]) -> Response | None:
        refused: Response | None = copy_source(headers, source)
        call = _current.get()
        if refused is not None or call is None:
            return refused
        path = unquote(headers.get("x-amz-copy-source", "").partition("?")[0])
        return _refusal(call, "kms:Decrypt", s3._stored_sse_headers(source), path)

    def check_part(headers: dict[str, str], upload: dict[str, Any]) -> Response | None:
        refused: Response | None = part(headers, upload)
        call = _current.get()
        if refused is not None or call is None:
            return refused
        stored = s3._stored_sse_headers(upload)
        return _refusal(call, "kms:GenerateDataKey", stored, call.path) or _refusal(
            call, "kms:Decrypt", stored, call.path
        )

    s3._resolve_sse_write_headers = resolve_write
    s3._check_sse_read_headers = check_read
    s3._check_sse_c_copy_source = check_copy_source
    s3._check_sse_c_part = check_part


def _remembering(handler: Handler) -> Handler:
    async def handle(*parts: Any) -> Response:
        token = _current.set(Call(*parts))
        try:
            return await handler(*parts)
        finally:
            _current.reset(token)

    return handle


def _wants_checksum(headers: dict[str, str]) -> bool:
    return headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"


def _refusal(call: Call, action: str, stored: dict[str, str] | None, path: str) -> Response | None:
    """S3's answer if the key may or can not be used for `action`, else None. `path` is the object's, bucket first."""
    name = (stored or {}).get(KEY)
    if not name or (stored or {}).get(ALGORITHM) != "aws:kms":
        return None
    key = kms._resolve_key(name)
    if key is None:
        return _error(400, "KMS.NotFoundException", f"Key '{_arn(name)}' does not exist")
    return _denial(call, action, key["Arn"], path) or _unusable(key)


def _denial(call: Call, action: str, key_arn: str, path: str) -> Response | None:
    region = get_region()
    context = {
        "kms:ViaService": f"s3.{region}.amazonaws.com",
        "kms:CallerAccount": get_account_id(),
        "kms:EncryptionContext:aws:s3:arn": _encryption_context(call, path),
        "kms:EncryptionContextKeys": ["aws:s3:arn"],
    }
    caller = extract_access_key_id(call.headers, call.query)
    denied = enforce(caller, action, "kms", region, resource_arn=key_arn, service_context=context)
    if denied is None:
        return None
    if isinstance(denied, AuthError):
        return _error(403, denied.code, denied.message)
    message = identity_denial_message(action, denied.principal_arn, key_arn, denied.decision == "Deny")
    if denied.resource_policy_arn:
        message = message.replace("identity-based", "resource-based")
    return _error(403, "AccessDenied", message)


def _unusable(key: dict[str, Any]) -> Response | None:
    if key["KeyState"] == "Enabled":
        return None
    if key["KeyState"] == "Disabled":
        return _error(400, "KMS.DisabledException", f"{key['Arn']} is disabled.")
    state = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key["KeyState"]).lower()
    return _error(400, "KMS.KMSInvalidStateException", f"{key['Arn']} is {state}.")


def _arn(name: str) -> str:
    kind = "" if name.startswith("alias/") else "key/"
    return name if name.startswith("arn:") else f"arn:aws:kms:{get_region()}:{get_account_id()}:{kind}{name}"


def _encryption_context(call: Call, path: str) -> str:
    bucket, _, key = path.lstrip("/").partition("/")
    configured = s3._bucket_encryption.get(bucket) or b""
    text = configured.decode() if isinstance(configured, bytes) else configured
    default = re.search(r"<BucketKeyEnabled>\s*true", text) is not None
    bucket_key = {"true": True, "false": False}.get(call.headers.get(BUCKET_KEY, "").lower(), default)
    return f"arn:aws:s3:::{bucket}" if bucket_key else f"arn:aws:s3:::{bucket}/{key}"


def _error(status: int, code: str, message: str) -> Response:
    response: Response = s3._error(code, message, status)
    return response
