"""Where a bucket is and how to reach it: an ``s3://`` URL, and what the environment adds."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from omicshelf.errors import Invalid

__all__ = ["S3Location"]

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[\w.+-]+(?:/[\w.+-]+)*", re.ASCII)
_OPTIONS = (
    "endpoint",
    "public_endpoint",
    "region",
    "allow_http",
    "access_key_id",
    "secret_access_key",
    "session_token",
)
_TRUE, _FALSE = {"1", "true", "yes"}, {"", "0", "false", "no"}


@dataclass(frozen=True)
class S3Location:
    """A prefix of a bucket, with what is needed to use it.

    Its text never has a secret in it. Where no key is given, the environment's is used, or
    the role of the machine.

    Attributes
    ----------
    bucket, prefix
        The prefix has no slash at its ends, and may be empty.
    endpoint
        The URL of the server; None for Amazon's.
    public_endpoint
        The URL by which clients elsewhere reach the same server, for presigned addresses;
        None where it is the endpoint, ``-`` where they cannot.
    region
        The region; S3 needs one in its signatures, whatever it is.
    allow_http
        Whether the endpoint may be asked without TLS.
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    public_endpoint: str | None = None
    region: str = "us-east-1"
    allow_http: bool = False
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str, environment: Mapping[str, str] | None = None) -> S3Location:
        """Read ``s3://bucket/prefix``; what it does not say is taken from the environment.

        Parameters
        ----------
        url
            It may end in ``?endpoint=…&region=…&allow_http=true``, and may have
            ``access_key_id``, ``secret_access_key`` and ``session_token`` too, although the
            environment is a better place for these.
        environment
            By default this process's: ``AWS_ENDPOINT_URL_S3``, ``AWS_ENDPOINT_URL``,
            ``AWS_REGION``, ``AWS_DEFAULT_REGION``, ``AWS_ALLOW_HTTP`` and the keys.

        Raises
        ------
        omicshelf.errors.Invalid
            It is no such URL, or it would send data through a network without encryption.

        Examples
        --------
        >>> S3Location.parse("s3://lab/shelf?endpoint=https://s3.example.org", {}).prefix
        'shelf'
        """
        # The URL may hold a secret: messages name only the part that is wrong.
        parts = urlsplit(url)
        if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc):
            raise Invalid(
                f"Not a place for objects: '{parts.scheme}://{parts.netloc.rpartition('@')[2]}'",
                "Write s3://BUCKET/PREFIX; a bucket's name has 3 to 63 lower-case letters, digits, "
                "dots and hyphens.",
            )
        prefix = parts.path.strip("/")
        if prefix and (not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/"))):
            raise Invalid(
                f"Not a prefix of objects: {prefix!r}",
                "Use letters, digits, '.', '_', '+' and '-', joined by '/'.",
            )
        given = _options(parts.query)
        return cls._checked(parts.netloc, prefix, given, environment or os.environ)

    @classmethod
    def _checked(
        cls, bucket: str, prefix: str, given: Mapping[str, str], env: Mapping[str, str]
    ) -> S3Location:
        endpoint = (
            given.get("endpoint")
            or env.get("AWS_ENDPOINT_URL_S3")
            or env.get("AWS_ENDPOINT_URL")
            or None
        )
        allowed = given.get("allow_http", env.get("AWS_ALLOW_HTTP", "")).lower()
        if allowed not in _TRUE | _FALSE:
            raise Invalid(f"allow_http={allowed!r} is neither true nor false.", "Write 'true'.")
        plain = endpoint is not None and _is_plain(endpoint)
        public = given.get("public_endpoint") or None
        if public is not None and public != "-":
            _is_plain(public)
        if plain and allowed not in _TRUE and not _is_loopback(endpoint or ""):
            raise Invalid(
                f"The endpoint {endpoint} would be asked without encryption.",
                "Use https://, or add allow_http=true to the storage URL where the network is "
                "trusted: keys are not sent, but the data can be read on the way.",
            )
        keys = {name: given.get(name) or env.get(f"AWS_{name.upper()}") for name in _OPTIONS[4:]}
        if bool(keys["access_key_id"]) != bool(keys["secret_access_key"]):
            raise Invalid(
                "Only one half of the S3 credentials is set.",
                "Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            )
        region = given.get("region") or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
        return cls(
            bucket,
            prefix,
            endpoint=endpoint,
            public_endpoint=public,
            region=region or "us-east-1",
            allow_http=plain,
            **keys,
        )

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def where(self) -> str:
        """The server, for messages."""
        return self.endpoint or f"Amazon S3 in {self.region}"

    def config(self) -> dict[str, str]:
        """Give what the S3 library is told; without keys it looks for the machine's role."""
        found = {
            "endpoint": self.endpoint,
            "region": self.region,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
            "session_token": self.session_token,
        }
        return {name: value for name, value in found.items() if value}


def _options(query: str) -> dict[str, str]:
    given = dict(parse_qsl(query, keep_blank_values=True))
    for name in given:
        if name not in _OPTIONS:
            raise Invalid(
                f"Not an option of a storage URL: {name!r}", f"There are {', '.join(_OPTIONS)}."
            )
    return given


def _is_plain(endpoint: str) -> bool:
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise Invalid(
            f"Not the endpoint of a server: '{parts.scheme}://{parts.hostname or ''}'",
            "Write it like https://s3.example.org or http://127.0.0.1:9000.",
        )
    return parts.scheme == "http"


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
