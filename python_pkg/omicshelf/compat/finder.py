"""The import hook: modules of a client that is not installed, given by omicshelf."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
import threading
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ["install", "uninstall"]

# The packages that are stood in for, and the modules of each: a real package of that name
# is left alone as a whole, because half of one and half of the other would not fit together.
_MODULES = {
    "polly": ("polly.auth", "polly.data_management", "polly.errors", "polly.threading_utils"),
}
_NAMES = frozenset(name for package, inside in _MODULES.items() for name in (package, *inside))

_guard = threading.RLock()


class _StandIn(Loader):
    """Fills ``polly.auth`` with the public names of ``omicshelf.compat.polly.auth``."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        ours = importlib.import_module(f"{__package__}.{module.__name__}")
        module.__doc__ = ours.__doc__
        module.__dict__.update({name: getattr(ours, name) for name in ours.__all__})
        module.__dict__["__all__"] = list(ours.__all__)


class _Finder(MetaPathFinder):
    """Finds the modules of :data:`_MODULES` where nobody else does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _NAMES or _is_real(fullname.partition(".")[0]):
            return None
        return ModuleSpec(fullname, _StandIn(), is_package=fullname in _MODULES)


_finder = _Finder()


def _is_real(package: str) -> bool:
    """Say whether the package itself is installed (or was imported from where it was)."""
    loaded = sys.modules.get(package)
    if loaded is not None:
        return not _is_stand_in(loaded)
    for finder in sys.meta_path:
        if finder is _finder or not hasattr(finder, "find_spec"):
            continue
        spec = finder.find_spec(package, None)
        # A folder of that name in the working directory is found too, without an origin: it
        # is no package of anybody's.
        if spec is not None and spec.origin is not None:
            return True
    return False


def _is_stand_in(module: ModuleType) -> bool:
    spec = getattr(module, "__spec__", None)
    return spec is not None and isinstance(spec.loader, _StandIn)


def install() -> None:
    """Make ``import polly.data_management`` and its sisters resolve to omicshelf.

    For this process, and only where the package ``polly`` is not installed: one that is stays
    as it is, and a warning says so. Calling it again changes nothing.

    The modules are ``polly.auth``, ``polly.data_management``, ``polly.errors`` and
    ``polly.threading_utils``. ``Polly.auth(token)`` opens the catalog that
    :func:`omicshelf.connect` would open.

    Warns
    -----
    UserWarning
        If a package ``polly`` is installed.
    """
    with _guard:
        if _finder not in sys.meta_path:
            # First, because a folder named "polly" in the working directory would win else.
            sys.meta_path.insert(0, _finder)
    for package in _MODULES:
        if _is_real(package):
            warnings.warn(
                f"The package '{package}' is installed here, so '{package}' still means it. To "
                f"use omicshelf, uninstall it, or write `from omicshelf import Catalog`.",
                stacklevel=2,
            )


def uninstall() -> None:
    """Take back :func:`install`; what was imported by then stays usable where it is held."""
    with _guard:
        if _finder in sys.meta_path:
            sys.meta_path.remove(_finder)
        for name in _NAMES & set(sys.modules):
            if _is_stand_in(sys.modules[name]):
                del sys.modules[name]
