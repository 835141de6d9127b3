"""Objects in a bucket that speaks S3: of Amazon, Ceph, MinIO, or another.

Keys have random ids and are written once, so that nothing here asks for conditional writes,
for versions of objects, or for renaming.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore import exceptions as refused
from obstore.store import S3Store

from omicshelf.backend.store.durable import discard, storage_errors
from omicshelf.backend.store.objectstore import ObjectInfo, ObjectStore, check_key
from omicshelf.backend.store.s3location import S3Location
from omicshelf.errors import (
    AccessDenied,
    NotFound,
    RequestException,
    StorageError,
    Unreachable,
)

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import ClientConfig, RetryConfig

__all__ = ["ObstoreS3"]

T = TypeVar("T")

_PART = 8 << 20
_PARTS_AT_ONCE = 4  # times the bytes of a part is what putting a file costs in memory
_MOST_PARTS = 9_000  # S3 allows 10,000
_ATTEMPTS = 4  # where somebody answers, but not to the end; the library repeats requests too
_PATIENCE = 90.0  # seconds, after which nothing is begun again
_LISTED = 1_000

_RETRIES: RetryConfig = {
    "max_retries": 8,
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=5),
        "base": 2,
    },
    "retry_timeout": timedelta(seconds=90),
}
_CLIENT: ClientConfig = {"connect_timeout": "5s", "read_timeout": "30s", "timeout": "5m"}
_LOST = re.compile(
    r"error sending request|connection|connect error|timed out|(?<!retry_)timeout|dns error|"
    r"decoding response body|body error|incomplete|HTTP error|broken pipe|unexpected eof|"
    r"status code: (5\d\d|429)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(401 Unauthorized|403 Forbidden)\b")
_NOBODY = re.compile(r"connection refused|dns error|tcp connect error", re.IGNORECASE)
_PAST_THE_END = re.compile(
    r"416|InvalidRange|Range started at|range.* out of|start.* exceeds", re.I
)

_started_in: int | None = None


class ObstoreS3(ObjectStore):
    """Objects below a prefix of a bucket.

    Parameters
    ----------
    location
        The bucket, and how to reach it.
    staging
        A local folder for this session's temporary files; made when it is first asked for.
    """

    def __init__(self, location: S3Location, staging: Path) -> None:
        self.location = location
        self._staging = Path(staging)
        self._prefix = f"{location.prefix}/" if location.prefix else ""
        self._bucket = S3Store(
            location.bucket,
            config=location.config(),  # type: ignore[arg-type]
            client_options={**_CLIENT, "allow_http": location.allow_http},
            retry_config=_RETRIES,
        )

    def __repr__(self) -> str:
        return f"ObstoreS3({str(self.location)!r})"

    def put_bytes(self, key: str, data: bytes) -> None:
        self.put_many({key: data})

    def put_file(self, key: str, staged: Path) -> None:
        self.put_many({key: staged})

    def put_many(self, items: Mapping[str, Path | bytes]) -> None:
        names = {key: self._name(key) for key in items}
        begun: list[str] = []
        try:
            for key, item in items.items():
                begun.append(names[key])
                self._put(key, names[key], item)
        except BaseException:
            # Even the one that failed may be there: its answer can have been what was lost.
            for name in begun:
                with contextlib.suppress(RequestException, refused.BaseError):
                    self._bucket_call("remove", name, partial(self._delete, name))
            raise
        for item in items.values():
            if isinstance(item, Path):
                discard(item)

    def _put(self, key: str, name: str, item: Path | bytes) -> None:
        if isinstance(item, bytes):
            self._bucket_call(
                "write", key, lambda: obstore.put(self._bucket, name, item, use_multipart=False)
            )
            return
        with storage_errors(f"read {item}"):
            size = item.stat().st_size
        part = max(_PART, size // _MOST_PARTS + 1)
        self._bucket_call(
            "write",
            key,
            lambda: obstore.put(
                self._bucket,
                name,
                item,
                use_multipart=size > part,
                chunk_size=part,
                max_concurrency=_PARTS_AT_ONCE,
            ),
        )

    def read_bytes(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        name = self._name(key)
        if length == 0:
            self.size(key)
            return b""

        def read() -> bytes:
            if length is not None:
                return bytes(obstore.get_range(self._bucket, name, start=start, length=length))
            if start:
                options: GetOptions = {"range": {"offset": start}}
                return bytes(obstore.get(self._bucket, name, options=options).bytes())
            return bytes(obstore.get(self._bucket, name).bytes())

        def read_to_the_end() -> bytes:
            try:
                return read()
            except refused.BaseError as error:
                # The end is before the range, or the object is empty, which S3 calls an error.
                if isinstance(error, refused.NotFoundError | refused.PermissionDeniedError):
                    raise
                if not _PAST_THE_END.search(_first_line(error)):
                    raise
                return b""

        return self._bucket_call("read", key, read_to_the_end)

    def presigned(self, keys: Sequence[str], seconds: float) -> list[str]:
        """Give addresses to which anybody may PUT these objects, for a while.

        There are none where the location says that clients do not reach the bucket.
        """
        public = self.location.public_endpoint
        if public == "-":
            return []
        bucket = self._bucket
        if public is not None:
            bucket = S3Store(
                self.location.bucket,
                config={**self.location.config(), "endpoint": public},  # type: ignore[arg-type]
                client_options={"allow_http": True},
            )
        names = [self._name(key) for key in keys]
        _refuse_after_fork()
        return list(obstore.sign(bucket, "PUT", names, timedelta(seconds=seconds)))

    def local_path(self, key: str) -> Path | None:
        self._name(key)
        return None

    def size(self, key: str) -> int:
        name = self._name(key)
        return self._bucket_call(
            "look at", key, lambda: int(obstore.head(self._bucket, name)["size"])
        )

    def exists(self, key: str) -> bool:
        try:
            return self.size(key) >= 0
        except NotFound:
            return False

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        if prefix:
            check_key(prefix.rstrip("/"))
        # The library lists folders: what is more than a folder's name is looked for in it.
        above = (self._prefix + prefix).rpartition("/")[0]
        last = ""
        while True:
            batch = self._bucket_call("list", prefix, partial(self._listed, above, last))
            for name, info in batch:
                last = name
                if info.key.startswith(prefix) and not info.key.startswith("tmp/"):
                    yield info
            if not batch:
                return

    def _listed(self, above: str, after: str) -> Sequence[tuple[str, ObjectInfo]]:
        stream = obstore.list(self._bucket, above or None, offset=after or None, chunk_size=_LISTED)
        batch = next(iter(stream), [])
        found = [
            (
                meta["path"],
                ObjectInfo(
                    meta["path"].removeprefix(self._prefix),
                    int(meta["size"]),
                    int(meta["last_modified"].timestamp() * 1000),
                ),
            )
            for meta in batch
        ]
        return sorted(found, key=lambda pair: pair[0])

    def delete(self, key: str) -> None:
        name = self._name(key)
        self._bucket_call("remove", key, lambda: self._delete(name))

    def _delete(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError, refused.NotFoundError):
            obstore.delete(self._bucket, name)

    def staging(self) -> Path:
        with storage_errors(f"write to {self._staging}"):
            self._staging.mkdir(parents=True, exist_ok=True)
        return self._staging

    def close(self) -> None:
        """Remove this session's temporary files."""
        shutil.rmtree(self._staging, ignore_errors=True)

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _bucket_call(self, verb: str, key: str, call: Callable[[], T]) -> T:
        """Ask the bucket; again where an answer broke off or was a server's 'not now'.

        The library repeats requests for some two seconds, its pauses growing slowly, and leaves
        some broken answers to us. Where nobody listens, its patience is enough.
        """
        _refuse_after_fork()
        until = time.monotonic() + _PATIENCE
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return call()
            except refused.BaseError as error:
                lost = _LOST.search(_first_line(error)) is not None
                nobody = _NOBODY.search(str(error)) is not None
                if not lost or nobody or attempt == _ATTEMPTS or time.monotonic() > until:
                    raise self._explained(error, verb, key) from error
                time.sleep(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311
            except FileNotFoundError as error:  # what the library makes of a 404
                raise self._explained(error, verb, key) from error
            except OSError as error:  # of the file that is put
                raise StorageError(
                    f"Could not {verb} {key!r} in {self.location}: {error}.",
                    "Nothing was kept under that key. Check the local disk, then try again.",
                ) from error
        raise AssertionError

    def _explained(self, error: Exception, verb: str, key: str) -> RequestException:
        """Give the error of our own tree: what of which bucket, and what to do."""
        reason, where = _first_line(error), str(self.location)
        if "NoSuchBucket" in str(error):
            return StorageError(
                f"There is no bucket '{self.location.bucket}' at {self.location.where}.",
                "Create it, or correct the storage URL.",
            )
        if isinstance(error, FileNotFoundError | refused.NotFoundError):
            return NotFound(
                f"No object {key!r} in the store at {where}.",
                "It was removed, or the store is not complete; `omicshelf verify` says which.",
            )
        if "169.254." in str(error):
            return AccessDenied(
                f"There are no credentials for {where}.",
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment of this "
                "process, or give the machine a role that may use the bucket.",
            )
        denied = isinstance(error, refused.PermissionDeniedError | refused.UnauthenticatedError)
        if denied or _DENIED.search(reason):  # a listing that is refused is any error to it
            return AccessDenied(
                f"{where} does not allow to {verb} {key!r}.",
                "Check the access key and its secret (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), "
                "and that their policy allows GetObject, PutObject, DeleteObject and ListBucket.",
            )
        if _LOST.search(reason):
            return Unreachable(
                f"Could not {verb} {key!r}: {where} cannot be reached.",
                f"It was tried several times. Check the endpoint ({self.location.where}) and the "
                "network, then try again: nothing was half written.",
            )
        return StorageError(
            f"Could not {verb} {key!r} in {where}: {reason}.",
            "Check that the object store is healthy and has space, then try again.",
        )


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _refuse_after_fork() -> None:
    """Refuse what would hang: the threads that talk to the bucket do not survive a fork."""
    global _started_in
    if _started_in is None:
        _started_in = os.getpid()
    elif _started_in != os.getpid():
        raise StorageError(
            "A forked process cannot use the bucket that its parent used.",
            "Start processes with multiprocessing's 'spawn' or 'forkserver', or connect only "
            "after the fork.",
        )
