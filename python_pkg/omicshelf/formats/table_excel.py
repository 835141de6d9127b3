"""Excel workbooks: their sheets, and the table of one."""

from __future__ import annotations

import re
import warnings
import zipfile
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omicshelf.errors import Invalid, MissingDependency
from omicshelf.formats.base import Inspection
from omicshelf.records import Summary

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["inspect_workbook", "is_workbook", "read_sheet"]

_WORKBOOK = "xl/workbook.xml"
_LARGEST_DESCRIBED = 200 << 20
_LARGEST = 4 << 30
_HIGHEST_RATIO = 200  # the XML of real workbooks packs 10 to 30 times


def is_workbook(head: bytes, path: Path) -> bool | None:
    """Say whether a file is a zip with a workbook inside."""
    if not head:
        return None
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return _WORKBOOK in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return None


def inspect_workbook(path: Path) -> Inspection:
    """Name the sheets, and describe the first where it is not too large and openpyxl is there."""
    try:
        sheets, size = _sheets(path)
    except Invalid as error:
        return Inspection(Summary(kind="file", format="xlsx", problems=[error.title]))
    details = {"sheets": sheets}
    if size > _LARGEST_DESCRIBED:
        return Inspection(Summary(kind="table", format="xlsx", details=details))
    try:
        frame = read_sheet(path, 0)
    except (Invalid, MissingDependency) as error:
        problems = [error.title] if isinstance(error, Invalid) else []
        summary = Summary(kind="table", format="xlsx", details=details, problems=problems)
        return Inspection(summary)
    return Inspection(_described(frame).model_copy(update={"details": details}))


def read_sheet(path: Path, sheet: str | int) -> pd.DataFrame:
    """Read a sheet by name, or by number from 0.

    Raises
    ------
    omicshelf.errors.Invalid
        The file is no workbook, or has no such sheet.
    omicshelf.errors.MissingDependency
        openpyxl is not installed.
    """
    import pandas as pd

    sheets, _ = _sheets(path)
    known = sheet in sheets if isinstance(sheet, str) else 0 <= sheet < len(sheets)
    if not known:
        raise Invalid(
            f"{path.name!r} has no sheet {sheet!r}.",
            f"Its sheets are {', '.join(map(repr, sheets))}.",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of styles and validations
            frame: pd.DataFrame = pd.read_excel(path, sheet_name=sheet, engine="openpyxl")
    except ImportError as error:
        raise MissingDependency(
            "Excel workbooks need openpyxl, which is not installed.",
            "Install it: pip install 'omicshelf[excel]'.",
        ) from error
    except (ValueError, KeyError, zipfile.BadZipFile, OSError) as error:
        raise Invalid(
            f"{path.name!r} cannot be read as an Excel workbook: {error}",
            "Open it in Excel and save it again as .xlsx, or export the sheet as CSV.",
        ) from error
    return frame


def _sheets(path: Path) -> tuple[list[str], int]:
    """Give the names of the sheets, and the size of the unpacked workbook in bytes."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > _LARGEST or size > _HIGHEST_RATIO * max(path.stat().st_size, 1 << 20):
                raise Invalid(
                    f"{path.name!r} unpacks to {size:,} bytes, which is no plausible workbook.",
                    "It looks like a zip bomb. Export the sheet as CSV.",
                )
            text = archive.read(_WORKBOOK).decode("utf-8", "replace")
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError) as error:
        raise Invalid(
            f"{path.name!r} is not an Excel workbook (.xlsx): {error}.",
            "It is damaged, or of another format: a .xls file of an old Excel is not read.",
        ) from error
    names = re.findall(r"<(?:\w+:)?sheet\b[^>]*?\bname=\"([^\"]*)\"", text)
    return [unescape(name) for name in names], size


def _described(frame: pd.DataFrame) -> Summary:
    from omicshelf.formats.table_parquet import as_table, inspect_table

    plain = frame.copy()
    plain.columns = plain.columns.map(str)
    objects = plain.select_dtypes(object)
    mixed: dict[str, Any] = {name: objects[name].map(str) for name in objects.columns}
    try:
        table = as_table(plain)
    except Invalid:
        table = as_table(plain.assign(**mixed))
    return inspect_table(table).summary.model_copy(update={"format": "xlsx"})
