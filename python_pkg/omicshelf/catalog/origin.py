"""Where a change comes from, as far as this process can know by itself."""

from __future__ import annotations

import getpass
import os
import platform
import socket
import sys
from contextlib import suppress
from functools import cache
from importlib import metadata
from typing import Any

from omicshelf.records import Origin

__all__ = ["current_origin", "set_interface"]

_NOTED_PACKAGES = ("anndata", "scanpy")
_interface: str | None = None


def set_interface(name: str) -> None:
    """Say through what this process is used: the command line calls itself ``cli``."""
    global _interface
    _interface = name


def current_origin() -> Origin:
    """Give the user, host, notebook, cell and package versions of this moment."""
    shell = _shell()
    return Origin(
        user=_user(),
        host=_host(),
        interface=_interface or ("notebook" if shell is not None else "python"),
        notebook=_notebook(shell),
        execution_count=getattr(shell, "execution_count", None),
        python=platform.python_version(),
        packages=_packages(),
    )


@cache
def _user() -> str | None:
    if given := os.environ.get("OMICSHELF_USER"):
        return given
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user id has no name
        return f"uid-{os.getuid()}" if hasattr(os, "getuid") else None


@cache
def _host() -> str:
    return socket.gethostname()


def _shell() -> Any:
    """Give IPython's shell when this process is a kernel; imports nothing."""
    if "ipykernel" not in sys.modules:
        return None
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def _notebook(shell: Any) -> str | None:
    if shell is None:
        return None
    # Set by jupyter_server for its kernels, and by VS Code in the user's names.
    name = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get("__vsc_ipynb_file__")
    return str(name) if name else None


def _packages() -> dict[str, str]:
    found = {"omicshelf": _version("omicshelf")}
    found |= {name: _version(name) for name in _NOTED_PACKAGES if name in sys.modules}
    return {name: version for name, version in found.items() if version}


@cache
def _version(name: str) -> str:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(name)
    return ""
