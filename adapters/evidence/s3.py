"""佐证材料库,存于 S3 兼容的对象存储. Keeping objects from being overwritten or deleted by others (object lock,
versioning) is the bucket's own policy."""

import base64
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from adapters.evidence.store import LIMIT, Evidence, Opened, digest_of, missing, received, verified
from domain.ids import EvidenceId


class S3Evidence:
    """Evidence in a bucket, one object per file at ``prefix/3f/3f9a…``. ``client`` is a boto3 S3 client."""

    def __init__(self, bucket: str, prefix: str, client: Any) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/".lstrip("/")
        self._client = client

    def put(self, stream: BinaryIO, *, limit: int = LIMIT) -> Evidence:
        with received(stream, limit) as (evidence, file, _):
            if self._size(evidence.id) != evidence.size:
                file.seek(0)
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._key(evidence.id),
                    Body=file,
                    ContentLength=evidence.size,
                    ContentType=evidence.media_type,
                    # The far side refuses what did not arrive as it was sent.
                    ChecksumSHA256=base64.b64encode(bytes.fromhex(digest_of(evidence.id))).decode(),
                )
        return evidence

    def open(self, id: EvidenceId) -> Opened:
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._key(id))
        except ClientError as error:
            if _is_missing(error):
                raise missing() from None
            raise
        return Opened(Evidence(id, found["ContentLength"], found["ContentType"]), found["Body"])

    def verify(self, id: EvidenceId) -> Evidence:
        return verified(self.open(id))

    def _size(self, id: EvidenceId) -> int | None:
        try:
            found: int = self._client.head_object(Bucket=self._bucket, Key=self._key(id))["ContentLength"]
        except ClientError as error:
            if _is_missing(error):
                return None
            raise
        return found

    def _key(self, id: EvidenceId) -> str:
        digest = digest_of(id)
        return f"{self._prefix}{digest[:2]}/{digest}"


def at(url: str) -> S3Evidence:
    """The store at ``s3://bucket/prefix``; the service's address, region and keys are those boto3 finds in the
    environment. Checksums that only Amazon's own service understands are left off."""
    place = urlsplit(url)
    config = Config(
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "max_attempts": 3},
    )
    return S3Evidence(place.netloc, place.path, boto3.client("s3", config=config))


def _is_missing(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") in {"404", "NoSuchKey", "NotFound"}
