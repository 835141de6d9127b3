"""Old notebooks run unchanged: ``import polly.data_management`` resolves to omicshelf.

>>> import omicshelf.compat
>>> omicshelf.compat.install()
>>> from polly.data_management import Catalog
>>> Catalog is omicshelf.Catalog
True
>>> omicshelf.compat.uninstall()
"""

from __future__ import annotations

from omicshelf.compat.finder import install, uninstall

__all__ = ["install", "uninstall"]
