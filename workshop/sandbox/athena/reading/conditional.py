"""Asks S3, with little work, whether an object is unchanged and may be read.

A call of boto3's costs 1.5 ms of processor time, more than all else in a query over objects that are in the cache. This
signs and sends the same conditional GET by botocore's own parts, and leaves every answer but 304 to boto3.
"""

from typing import Any
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import HTTPClientError

NOT_MODIFIED = 304


class ConditionalGet:
    """Conditional GETs over the connections and with the credentials of a boto3 S3 client (path style)."""

    def __init__(self, client: Any) -> None:
        self._http = client._endpoint.http_session
        self._url = client.meta.endpoint_url.rstrip("/")
        self._auth = S3SigV4Auth(client._request_signer._credentials, "s3", client.meta.region_name)

    @classmethod
    def over(cls, client: Any) -> "ConditionalGet | None":
        """None if the client is not botocore's, or not of the shape that is known here."""
        try:
            return cls(client)
        except AttributeError:
            return None

    def unchanged(self, bucket: str, key: str, etag: str) -> bool:
        """Whether S3 answered 304: the caller may read the object, and it is the one of this ETag."""
        url = f"{self._url}/{bucket}/{quote(key, safe='/~')}"
        request = AWSRequest("GET", url, headers={"If-None-Match": f'"{etag}"'}, stream_output=True)
        self._auth.add_auth(request)
        try:
            answer = self._http.send(request.prepare())
        except HTTPClientError:
            return False
        status = int(answer.status_code)
        if status == NOT_MODIFIED:
            answer.raw.drain_conn()
        else:
            answer.raw.close()
        return status == NOT_MODIFIED
