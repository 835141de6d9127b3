"""Data at an address: fetched by this process, streamed to disk, and where from is recorded.

A server never does this for anybody: it would reach what its users cannot.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from email.message import Message
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit, urlunsplit

import requests
from blake3 import blake3
from urllib3.exceptions import HTTPError

from omicshelf import rules
from omicshelf.backend.remote.address import proxies_for
from omicshelf.backend.store.durable import storage_errors
from omicshelf.catalog.progress import progress_bar
from omicshelf.errors import AccessDenied, Invalid, NotFound, Unreachable

__all__ = ["Fetched", "fetch", "is_web_address", "shown_address"]

_BLOCK = 1 << 20
_TIMEOUT = (10, 60)
_HOPS = 10
_FIRST_PAUSE = 0.2
_TRIES = 4  # in a row, without a byte
_SECRET = re.compile(
    r"token|key|secret|sig|password|passwd|pwd|auth|cred|session|^x-amz-|^x-goog-", re.IGNORECASE
)
_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Fetched:
    """What is recorded of data that came from an address.

    Attributes
    ----------
    address
        Without name, password, or what looks like a secret.
    etag, last_modified
        What the server said of the state of the file.
    blake3
        The hash (hex) of what came.
    """

    address: str
    etag: str | None
    last_modified: str | None
    blake3: str

    def details(self) -> dict[str, Any]:
        """Give it as it is recorded with a change."""
        return {"source": {key: value for key, value in asdict(self).items() if value is not None}}


def is_web_address(text: str) -> bool:
    """Whether a text is an ``http://`` or ``https://`` address."""
    return text[:8].lower().startswith(("http://", "https://"))


def shown_address(address: str) -> str:
    """Give an address that can be shown and kept: nothing in it opens a door.

    Examples
    --------
    >>> shown_address("https://ada:secret@x.org/a.h5ad?acc=GSE1&token=abc#top")
    'https://x.org/a.h5ad?acc=GSE1&token=…'
    """
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    told = []
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        hidden = _SECRET.search(key) or len(value) > _LONGEST_SHOWN
        told.append(f"{quote(key)}={'…' if hidden else quote(value, safe='/:')}")
    return urlunsplit((parts.scheme, host, parts.path, "&".join(told), ""))


@contextmanager
def fetch(address: str, folder: Path) -> Iterator[tuple[Path, Fetched]]:
    """Fetch what is at an address into a file of ``folder``, which the caller removes.

    Raises
    ------
    omicshelf.errors.NotFound, AccessDenied, Unreachable
        It cannot be had, or it ended before its announced end.
    omicshelf.errors.Invalid
        It is no address, or leads to one of another kind.
    """
    with _session() as session:
        yield _Fetching(session, address, folder).run()


@contextmanager
def _session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers["Accept-Encoding"] = "identity"
        yield session


class _Fetching:
    """One file on its way, which goes on where the connection broke if the server can."""

    def __init__(self, session: requests.Session, address: str, folder: Path) -> None:
        self._session = session
        self._address = address
        self._folder = folder
        self._shown = _checked(address)
        self._state: tuple[str | None, str | None] | None = None  # ETag, Last-Modified
        self._total: int | None = None
        self._hash = blake3()
        self._done = 0

    def run(self) -> tuple[Path, Fetched]:
        answer = self._ask()
        try:
            path = self._folder / _name_of(answer, self._address)
            self._begin(answer)
            with (
                progress_bar(self._total or 0, f"fetching {path.name}") as report,
                storage_errors(f"write {path}"),
                path.open("xb") as out,
            ):
                self._receive(answer, out, report)
        finally:
            answer.close()
        etag, modified = self._state or (None, None)
        return path, Fetched(self._shown, etag, modified, self._hash.hexdigest())

    def _begin(self, answer: requests.Response) -> None:
        """Note what an answer from the first byte on says."""
        self._hash, self._done = blake3(), 0
        self._state = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        length = answer.headers.get("Content-Length", "")
        self._total = int(length) if length.isdecimal() else None

    def _receive(self, answer: requests.Response, out: IO[bytes], report: Any) -> None:
        fruitless = 0
        while True:
            before = self._done
            error = self._read(answer, out, report)
            if error is None and self._total in (None, self._done):
                return
            fruitless = 0 if self._done > before else fruitless + 1
            if fruitless >= _TRIES or not self._can_go_on(answer):
                raise self._cut() from error
            answer.close()
            time.sleep(_FIRST_PAUSE * 2**fruitless)
            answer = self._ask(after=self._done)
            if answer.status_code != 206:  # another state of the file, or no ranges after all
                out.seek(0)
                out.truncate()
                self._begin(answer)

    def _read(self, answer: requests.Response, out: IO[bytes], report: Any) -> Exception | None:
        """Write what comes; give what broke it off."""
        while True:
            try:
                data = answer.raw.read(_BLOCK)
            except (HTTPError, OSError) as error:
                return error
            if not data:
                return None
            out.write(data)
            self._hash.update(data)
            self._done += len(data)
            if report is not None:
                report(len(data))

    def _can_go_on(self, answer: requests.Response) -> bool:
        etag = answer.headers.get("ETag", "")
        ranges = answer.status_code == 206 or answer.headers.get("Accept-Ranges") == "bytes"
        return ranges and bool(etag) and not etag.startswith("W/")

    def _cut(self) -> Unreachable:
        of = f" of {self._total:,}" if self._total is not None else ""
        return Unreachable(
            f"'{self._shown}' ended too early: {self._done:,}{of} bytes came.",
            "Nothing was written; try again.",
        )

    def _ask(self, after: int = 0) -> requests.Response:
        """Ask for the file, following redirections to addresses of the same kind."""
        headers = {}
        if after and self._state is not None:
            headers = {"Range": f"bytes={after}-", "If-Range": self._state[0] or ""}
        address = self._address
        for _hop in range(_HOPS):
            answer = self._send(address, headers)
            if not answer.is_redirect:
                return self._taken(answer, after)
            answer.close()
            address = _next(address, answer.headers["Location"], self._shown)
        raise Invalid(f"'{self._shown}' leads from one address to the next.", "Pass the last one.")

    def _send(self, address: str, headers: dict[str, str]) -> requests.Response:
        try:
            return self._session.get(
                address,
                headers=headers,
                proxies=proxies_for(address),
                stream=True,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except requests.exceptions.InvalidURL as error:
            raise Invalid(f"'{self._shown}' is no address.", "Check its host and port.") from error
        except requests.RequestException as error:
            why = (
                "its certificate cannot be verified"
                if isinstance(error, requests.exceptions.SSLError)
                else "no answer came"
            )
            raise Unreachable(
                f"'{self._shown}' cannot be reached: {why}.", "Check the address and the network."
            ) from error

    def _taken(self, answer: requests.Response, after: int) -> requests.Response:
        status = answer.status_code
        if status == 200 or (status == 206 and after and self._goes_on(answer, after)):
            return answer
        answer.close()
        if status in (404, 410):
            raise NotFound(f"There is nothing at '{self._shown}'.", "Check the address.")
        if status in (401, 403):
            raise AccessDenied(
                f"'{self._shown}' may not be read (status {status}).",
                "Log in there and fetch it with your browser, or pass an address that needs no "
                "login.",
            )
        raise Unreachable(f"'{self._shown}' answered with status {status}.", "Try again later.")

    @staticmethod
    def _goes_on(answer: requests.Response, after: int) -> bool:
        return answer.headers.get("Content-Range", "").startswith(f"bytes {after}-")


def _checked(address: str) -> str:
    try:
        parts = urlsplit(address)
        if not parts.hostname or (parts.port is not None and not 0 < parts.port < 65536):
            raise ValueError("no host")
    except ValueError as error:
        raise Invalid(
            f"'{rules.shown(address.split('?')[0].rpartition('@')[2])}' cannot be read from.",
            "Pass an address such as https://example.org/folder/file.h5ad.",
        ) from error
    return shown_address(address)


def _next(address: str, location: str, shown: str) -> str:
    """Give where a redirection leads; never from a protected address to an open one."""
    target = urljoin(address, location)
    allowed = ("https",) if urlsplit(address).scheme == "https" else ("http", "https")
    if urlsplit(target).scheme not in allowed:
        raise Invalid(
            f"'{shown}' leads to '{shown_address(target)[:200]}', which is not followed.",
            "Pass that address itself, if you trust it.",
        )
    return target


def _name_of(answer: requests.Response, address: str) -> str:
    """Give the name of the file: the server's word, else the end of the address."""
    told = Message()
    told["Content-Disposition"] = answer.headers.get("Content-Disposition", "")
    # Of a redirection the first address names the file, the last one often only its bytes.
    names = [told.get_filename() or "", unquote(urlsplit(address).path).rpartition("/")[2]]
    for name in names:
        plain = re.sub(r"[^\w.+ -]", "_", name.replace("\\", "/").rpartition("/")[2])[-200:]
        if plain.strip(". "):
            return plain
    return "data"
