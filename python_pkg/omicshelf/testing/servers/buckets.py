"""A server that speaks S3, as tests know it: it makes buckets, and looks into them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

import boto3
from botocore.config import Config

from omicshelf.backend.store.s3location import S3Location

__all__ = ["S3Server", "client", "raw_delete", "raw_keys", "raw_read", "raw_write"]


@dataclass(frozen=True)
class S3Server:
    """Where it listens, and with what key."""

    endpoint: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    def storage_url(self, bucket: str, prefix: str = "", endpoint: str | None = None) -> str:
        """Give the storage URL of a prefix; ``endpoint`` is that of a proxy in front of it."""
        query = urlencode(
            {
                "endpoint": endpoint or self.endpoint,
                "region": "us-east-1",
                "access_key_id": self.access_key_id,
                "secret_access_key": self.secret_access_key,
            }
        )
        return f"s3://{bucket}/{prefix}?{query}"

    def make_bucket(self, bucket: str) -> str:
        """Make a bucket; gives its storage URL."""
        url = self.storage_url(bucket)
        client(url).create_bucket(Bucket=bucket)
        return url


@cache  # making one costs more than asking it, and threads may share it
def client(url: str) -> Any:
    """Give a client of another library than the one under test."""
    at = S3Location.parse(url)
    return boto3.client(
        "s3",
        endpoint_url=at.endpoint,
        region_name=at.region,
        aws_access_key_id=at.access_key_id,
        aws_secret_access_key=at.secret_access_key,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 3}),
    )


def _name(at: S3Location, key: str) -> str:
    return f"{at.prefix}/{key}" if at.prefix else key


def raw_keys(url: str, prefix: str = "") -> list[str]:
    """List the objects below a storage URL."""
    at = S3Location.parse(url)
    start = f"{at.prefix}/" if at.prefix else ""
    pages = client(url).get_paginator("list_objects_v2").paginate(
        Bucket=at.bucket, Prefix=start + prefix
    )  # fmt: skip
    return [
        found["Key"].removeprefix(start) for page in pages for found in page.get("Contents", ())
    ]


def raw_read(url: str, key: str) -> bytes | None:
    """Read an object; None when there is none."""
    at, s3 = S3Location.parse(url), client(url)
    try:
        body: bytes = s3.get_object(Bucket=at.bucket, Key=_name(at, key))["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    return body


def raw_write(url: str, key: str, data: bytes) -> None:
    """Write an object."""
    at = S3Location.parse(url)
    client(url).put_object(Bucket=at.bucket, Key=_name(at, key), Body=data)


def raw_delete(url: str, key: str) -> None:
    """Remove an object."""
    at = S3Location.parse(url)
    client(url).delete_object(Bucket=at.bucket, Key=_name(at, key))
