"""What stands in for the package ``polly``, one module each."""

from __future__ import annotations

__all__: list[str] = []
