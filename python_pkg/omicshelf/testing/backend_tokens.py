"""The contract of personal tokens, as far as they are made, listed and revoked."""

from __future__ import annotations

import re
from typing import Any

import pytest

from omicshelf.backend.base import Backend
from omicshelf.errors import Conflict, Invalid, NotFound
from omicshelf.testing.backend_base import BY, BackendFixtures

__all__ = ["TokensContract"]

_DAY = 24 * 3600 * 1000


class TokensContract(BackendFixtures):
    """A token is shown once, kept as its hash, and told of in the log without what is secret."""

    def test_a_token_is_made_listed_and_revoked(self, backend: Backend) -> None:
        assert backend.list_tokens() == []
        first, secret = backend.create_token("zoë", note="laptop", days=30, by=BY)
        assert re.fullmatch(r"shelf_[\w-]{43}", secret)
        assert (first.user, first.note, first.created_by) == ("zoë", "laptop", BY.user)
        assert first.expires_at == first.created_at + 30 * _DAY
        assert first.last_used_at is None
        second, other = backend.create_token("zoë", by=BY)
        assert (second.note, second.expires_at) == (None, None)
        assert other != secret
        third, _ = backend.create_token("ada", days=0.5, by=BY)
        assert third.expires_at == third.created_at + _DAY // 2
        assert backend.list_tokens("zoë") == [first, second]
        assert backend.list_tokens() == [third, first, second]
        assert backend.list_tokens("nobody") == []
        last = backend.last_change()
        backend.revoke_token(first.id, by=BY)
        assert backend.list_tokens("zoë") == [second]
        (told,) = backend.changes(after=last)
        assert (told.atlas, told.action, told.user) == ("", "revoke token", BY.user)
        assert told.details == {"id": first.id, "user": "zoë", "note": "laptop"}
        with self.refused(backend, NotFound, f"no token {first.id}", "omicshelf token list"):
            backend.revoke_token(first.id, by=BY)

    def test_the_log_tells_of_it_and_keeps_the_secret(self, backend: Backend) -> None:
        made, secret = backend.create_token("eve", note="night run", by=BY)
        (told,) = backend.changes()
        assert (told.action, told.user) == ("create token", BY.user)
        assert told.details == {
            "id": made.id, "user": "eve", "note": "night run", "expires_at": None,
        }  # fmt: skip
        for shown in (told, made, backend.list_tokens()):
            assert secret[6:] not in f"{shown!r}"
        assert secret[6:] not in repr(self.snapshot(backend))

    def test_a_number_is_never_used_again(self, backend: Backend) -> None:
        numbers = []
        for _ in range(3):
            made, _secret = backend.create_token("eve", by=BY)
            numbers.append(made.id)
            backend.revoke_token(made.id, by=BY)
        assert sorted(set(numbers)) == numbers

    def test_another_process_sees_it_at_once(self, backend: Backend) -> None:
        with self.another(backend) as other:
            made, _ = other.create_token("eve", by=BY)
            assert backend.list_tokens("eve") == [made]
            backend.revoke_token(made.id, by=BY)
            assert other.list_tokens("eve") == []

    @pytest.mark.parametrize(
        ("user", "given", "part"),
        [
            ("", {}, "user"),
            (" eve", {}, "' eve'"),
            ("eve", {"note": "a\nb"}, "note"),
            ("eve", {"note": "x" * 256}, "255"),
            ("eve", {"days": 0}, "0 days"),
            ("eve", {"days": -1}, "-1 days"),
            ("eve", {"days": 4000}, "3,660"),
            ("eve", {"days": float("inf")}, "inf days"),
            ("eve", {"days": float("nan")}, "nan days"),
            ("eve", {"days": True}, "True days"),
        ],
    )
    def test_what_makes_no_token(
        self, backend: Backend, user: str, given: dict[str, Any], part: str
    ) -> None:
        with self.refused(backend, Invalid, part):
            backend.create_token(user, by=BY, **given)

    @pytest.mark.parametrize("number", [0, -1, 4711, 2**63, 2**200])
    def test_numbers_that_name_none(self, backend: Backend, number: int) -> None:
        backend.create_token("eve", by=BY)
        with self.refused(backend, NotFound, "There is no token"):
            backend.revoke_token(number, by=BY)

    def test_nobody_has_more_than_a_hundred(self, backend: Backend) -> None:
        for _ in range(100):
            made, _secret = backend.create_token("eve", by=BY)
        with self.refused(backend, Conflict, "'eve'", "100 tokens", "omicshelf token revoke"):
            backend.create_token("eve", by=BY)
        backend.create_token("ada", by=BY)
        backend.revoke_token(made.id, by=BY)
        backend.create_token("eve", by=BY)
