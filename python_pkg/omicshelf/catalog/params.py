"""What old code passes beside a call's own arguments: validated, and recorded with the change."""

from __future__ import annotations

import difflib
import inspect
import warnings
from collections.abc import Mapping
from typing import Any

from omicshelf import rules
from omicshelf.errors import Invalid

__all__ = ["recorded_params"]

_INGESTION_PARAMS = {
    "priority": str, "file_metadata": bool, "row_metadata": bool, "col_metadata": bool,
    "data_required": bool, "ingestion_run_id": str, "urgent": bool, "v1_infra": bool,
}  # fmt: skip
_PRIORITIES = ("low", "medium", "high")


def recorded_params(
    method: str,
    ingestion_params: Mapping[str, Any] | None,
    other_params: Mapping[str, Any] | None,
    kwargs: Mapping[str, Any],
) -> dict[str, Any]:
    """Validate what is recorded with a change, and warn of what nobody knows."""
    params = _mapping("ingestion_params", ingestion_params)
    for key, value in params.items():
        kind = _INGESTION_PARAMS.get(key)
        if kind is None:
            _warn_unknown(f"ingestion_params has an unknown key '{key}'", key, _INGESTION_PARAMS)
        elif value is not None and not isinstance(value, kind):
            raise Invalid(
                f"ingestion_params['{key}'] is {value!r}.", f"It must be of type {kind.__name__}."
            )
    priority = params.get("priority")
    if priority is not None and priority not in _PRIORITIES:
        raise Invalid(
            f"ingestion_params['priority'] is {priority!r}.",
            "It must be 'low', 'medium' or 'high'.",
        )
    if kwargs.get("link"):
        raise Invalid(
            "link=True is not available yet.", "Leave it out: the file is copied into the catalog."
        )
    for key in kwargs:
        _warn_unknown(f"{method} does not know the argument '{key}'", key, _arguments(method))
    told = {**params, **_mapping("other_params", other_params), **kwargs}
    return rules.clean_metadata(told)


def _mapping(name: str, value: Mapping[str, Any] | None) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Invalid(f"{name} must be a dict, not {type(value).__name__}.", "Pass a dict.")
    return dict(value)


def _arguments(method: str) -> list[str]:
    from omicshelf.catalog.catalog import Catalog

    return list(inspect.signature(getattr(Catalog, method)).parameters)[1:]


def _warn_unknown(what: str, key: str, known: Any) -> None:
    near = difflib.get_close_matches(key, list(known), n=2, cutoff=0.6)
    hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    warnings.warn(f"{what}; it is recorded.{hint}", stacklevel=4)
