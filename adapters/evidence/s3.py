"""佐证材料库,存于 S3 兼容的对象存储. Keeping objects from being overwritten or deleted by others (object lock,
versioning) is the bucket's own policy."""

import base64
from collections.abc import Callable
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from adapters.evidence.store import LIMIT, Evidence, EvidenceRefused, Opened, digest_of, missing, received, verified
from domain.ids import EvidenceId


class S3Evidence:
    """Evidence in a bucket, one object per file at ``prefix/3f/3f9a…``. ``client`` is a boto3 S3 client."""

    def __init__(self, bucket: str, prefix: str, client: Any) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/".lstrip("/")
        self._client = client

    def put(self, stream: BinaryIO, *, limit: int = LIMIT) -> Evidence:
        with received(stream, limit) as (evidence, file, _):
            if not self._holds(evidence):
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

    def find(self, id: EvidenceId) -> Evidence:
        found = self._ask(self._client.head_object, id)
        return Evidence(id, found["ContentLength"], found["ContentType"])

    def open(self, id: EvidenceId) -> Opened:
        found = self._ask(self._client.get_object, id)
        return Opened(Evidence(id, found["ContentLength"], found["ContentType"]), found["Body"])

    def verify(self, id: EvidenceId) -> Evidence:
        return verified(self.open(id))

    def _ask(self, call: Callable[..., dict[str, Any]], id: EvidenceId) -> dict[str, Any]:
        try:
            return call(Bucket=self._bucket, Key=self._key(id))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"404", "NoSuchKey"}:
                raise missing() from None
            raise

    def _holds(self, evidence: Evidence) -> bool:
        try:
            return self.find(evidence.id).size == evidence.size
        except EvidenceRefused:
            return False

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
