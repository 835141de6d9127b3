"""How the metadata of two versions differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["MetadataChange", "compare_metadata", "leaf_changes"]


@dataclass(frozen=True)
class MetadataChange:
    """Keys of the metadata that came, went or have another value; values as JSON."""

    added: dict[str, Any]
    removed: dict[str, Any]
    changed: dict[str, tuple[Any, Any]]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def to_dict(self) -> dict[str, Any]:
        """Give the change, JSON-able."""
        return {
            "added": self.added,
            "removed": self.removed,
            "changed": {key: {"was": a, "now": b} for key, (a, b) in self.changed.items()},
        }


def compare_metadata(old: dict[str, Any], new: dict[str, Any]) -> MetadataChange:
    """Compare two JSON objects; the order of their keys does not matter, ``1`` is not ``true``."""
    return MetadataChange(
        added={key: new[key] for key in new if key not in old},
        removed={key: old[key] for key in old if key not in new},
        changed={
            key: (old[key], new[key]) for key in old if key in new and not _same(old[key], new[key])
        },
    )


def leaf_changes(was: Any, now: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Give the values that differ inside nested objects, each with its dotted path.

    A key that only one side has gives :data:`MISSING` on the other.
    """
    if not (isinstance(was, dict) and isinstance(now, dict)):
        yield path, was, now
        return
    for key in dict.fromkeys((*was, *now)):
        a, b = was.get(key, MISSING), now.get(key, MISSING)
        if a is MISSING or b is MISSING:
            yield f"{path}.{key}", a, b
        elif not _same(a, b):
            yield from leaf_changes(a, b, f"{path}.{key}")


class _Missing:
    def __repr__(self) -> str:
        return "not set"


MISSING = _Missing()


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and _canonical(a) == _canonical(b)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)
