"""Configurations of a bucket that the emulator does not know, and that must not be taken for the bucket itself.

Wrong in ministack 1.5.33: `DELETE /bucket?metrics` deletes the bucket, `GET /bucket?inventory` lists its objects, and
so on for every sub-resource without a branch of its own. The four kinds that S3 keeps by id are kept here, with the
bucket's other settings; any other unknown sub-resource is refused by name.
"""

import re
from collections.abc import Iterable
from typing import Any

import ministack.app as emulator
from ministack.services import s3

from workshop.sandbox.calls import Call, Handler, Response

# Sub-resource -> element around a listing.
KINDS = {
    "metrics": "ListMetricsConfigurationsResult",
    "intelligent-tiering": "ListBucketIntelligentTieringConfigurationsOutput",
    "analytics": "ListBucketAnalyticsConfigurationResult",
    "inventory": "ListInventoryConfigurationsResult",
}
CONTENT_TYPE = "application/xml"
STORE = "_configurations"
# What the emulator serves on a bucket by DELETE and PUT: there, anything else would act on the bucket itself.
SERVED = frozenset(
    {"policy", "tagging", "cors", "lifecycle", "encryption", "website", "replication", "ownershipControls"}
    | {
        "publicAccessBlock",
        "notification",
        "versioning",
        "acl",
        "logging",
        "accelerate",
        "requestPayment",
        "object-lock",
    }
)
NOT_SERVED = frozenset({"policyStatus", "metadataConfiguration", "metadataTable", "session", "abac"})


def keep_bucket_configurations() -> None:
    """Serve the four kinds and refuse unknown sub-resources before the emulator sees them."""
    serve: Handler = emulator.SERVICE_HANDLERS["s3"]

    async def handle(*parts: Any) -> Response:
        call = Call(*parts)
        bucket, key = call.bucket_and_key
        if bucket and not key:
            kind = next((name for name in KINDS if name in call.query), None)
            if kind is not None:
                return _serve(kind, bucket, call)
            if unknown := _unknown(call):
                return _error("NotImplemented", f"The sandbox does not know ?{unknown} of a bucket.", 501)
        return await serve(*parts)

    emulator.SERVICE_HANDLERS["s3"] = handle


def _unknown(call: Call) -> str | None:
    names = [name for name in call.query if name != "x-id" and not name.lower().startswith("x-amz-")]
    if call.method in {"PUT", "DELETE"}:
        return next((name for name in names if name not in SERVED), None)
    return next((name for name in names if name in NOT_SERVED), None)


def _serve(kind: str, bucket: str, call: Call) -> Response:
    if bucket not in s3._buckets:
        return _error("NoSuchBucket", "The specified bucket does not exist", 404)
    kept: dict[str, str] = s3._buckets[bucket].setdefault(STORE, {}).setdefault(kind, {})
    identifier = (call.query.get("id") or [""])[0]
    if call.method == "PUT":
        kept[identifier] = re.sub(r"^\s*<\?xml[^>]*\?>\s*", "", call.body.decode())
        return 200, {}, b""
    if call.method == "GET" and not identifier:
        return 200, {"Content-Type": CONTENT_TYPE}, _listing(KINDS[kind], kept.values())
    if identifier not in kept:
        return _error("NoSuchConfiguration", "The specified configuration does not exist.", 404)
    if call.method == "DELETE":
        del kept[identifier]
        return 204, {}, b""
    return 200, {"Content-Type": CONTENT_TYPE}, kept[identifier].encode()


def _listing(element: str, documents: Iterable[str]) -> bytes:
    inner = f"<IsTruncated>false</IsTruncated>{''.join(documents)}"
    return f'<{element} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inner}</{element}>'.encode()


def _error(code: str, message: str, status: int) -> Response:
    response: Response = s3._error(code, message, status)
    return response
