"""10x Genomics matrix folders: matrix.mtx, barcodes.tsv and genes.tsv or features.tsv.

The files may be gzip-compressed and may have a common prefix, as GEO gives them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats.annotated.folder import Folder
from omicshelf.formats.annotated.tenx_h5 import named_uniquely

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

__all__ = ["Members", "find_members", "read_folder"]

_ROLES = {
    "matrix": re.compile(r"(?P<prefix>.*?)matrix\.mtx(\.gz)?", re.IGNORECASE),
    "barcodes": re.compile(r"(?P<prefix>.*?)barcodes\.tsv(\.gz)?", re.IGNORECASE),
    "genes": re.compile(r"(?P<prefix>.*?)(genes|features)\.tsv(\.gz)?", re.IGNORECASE),
}
_RULE = (
    "A 10x matrix folder holds one matrix.mtx, one barcodes.tsv and one genes.tsv or "
    "features.tsv, each perhaps with .gz and with the same prefix."
)


@dataclass(frozen=True)
class Members:
    """The names of the three files of a matrix folder."""

    matrix: str
    barcodes: str
    genes: str


def find_members(names: list[str]) -> Members:
    """Find the three files among the names of a folder.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming the file that is missing, or the several that are there.
    """
    found = {role: _matching(names, pattern) for role, pattern in _ROLES.items()}
    complete = set.intersection(*(set(prefixes) for prefixes in found.values()))
    if len(complete) == 1:
        (prefix,) = complete
        return Members(**{role: prefixes[prefix] for role, prefixes in found.items()})
    if len(complete) > 1:
        listed = ", ".join(sorted(found["matrix"][prefix] for prefix in complete)[:5])
        raise Invalid(f"The folder holds {len(complete)} matrices: {listed}.", _RULE)
    missing = [role for role, prefixes in found.items() if not prefixes]
    what = f"no {' and no '.join(missing)} file" if missing else "no three files of one prefix"
    listed = ", ".join(names[:8]) or "nothing"
    raise Invalid(f"The folder holds {what}; it holds {listed}.", _RULE)


def read_folder(folder: Folder) -> tuple[AnnData, int]:
    """Read a matrix folder as an AnnData of cells x genes; tell how many symbols repeat.

    Counts become float32, symbols the var names, made unique with -1, -2 …, as scanpy does.

    Raises
    ------
    omicshelf.errors.Invalid
        If a file is missing, truncated, or does not fit the others.
    """
    from anndata import AnnData

    members = find_members(folder.names())
    matrix = _read_matrix(folder, members.matrix)
    barcodes = _read_lines(folder, members.barcodes)
    genes = _read_lines(folder, members.genes)
    if matrix.shape != (len(genes), len(barcodes)):
        raise Invalid(
            f"{members.matrix} has {matrix.shape[0]:,} x {matrix.shape[1]:,} entries, but "
            f"{members.genes} has {len(genes):,} lines and {members.barcodes} {len(barcodes):,}.",
            "The three files belong together: check that none was cut or exchanged.",
        )
    var, repeated = _genes(genes)
    x = matrix.T.tocsr().astype(np.float32)
    return AnnData(X=x, obs=_cells(barcodes), var=var), repeated


def _matching(names: list[str], pattern: re.Pattern[str]) -> dict[str, str]:
    """Give the names that match, by folder and prefix."""
    found: dict[str, str] = {}
    for name in names:
        folder, slash, base = name.rpartition("/")
        match = pattern.fullmatch(base)
        if match and not base.startswith("._"):
            key = f"{folder}{slash}{match.group('prefix')}"
            if key in found:
                raise Invalid(f"The folder holds both {found[key]} and {name}.", _RULE)
            found[key] = name
    return found


def _read_matrix(folder: Folder, name: str) -> Any:
    from scipy.io import mmread

    try:
        with folder.open(name) as file:
            matrix = mmread(file)
    except (ValueError, OverflowError, EOFError, OSError) as error:
        raise _unread(name, error) from error
    if isinstance(matrix, np.ndarray):
        raise Invalid(f"{name} is a dense matrix.", "A 10x matrix is in coordinate form.")
    return matrix


def _unread(name: str, error: Exception) -> Exception:
    text = str(error)
    missing = re.search(r"Expected another (\d+) lines", text)
    if missing is not None:
        return Invalid(
            f"{name} is truncated: {int(missing.group(1)):,} lines that its header announces "
            "are missing.",
            "The copy or download was not finished: get the file again.",
        )
    if "Too many lines" in text:
        return Invalid(
            f"{name} has more lines than its header announces.",
            "The third number of its size line is the number of entries: correct it, or get the "
            "file again.",
        )
    if isinstance(error, OSError) and error.errno is not None:
        return error
    return Invalid(f"{name} is no valid Matrix Market file: {text}", "Get the file again.")


def _read_lines(folder: Folder, name: str) -> list[list[str]]:
    try:
        with folder.open(name) as file:
            text = file.read().decode("utf-8-sig")
    except (EOFError, UnicodeDecodeError) as error:
        raise Invalid(f"{name} is damaged: {error}", "Get the file again.") from error
    return [line.split("\t") for line in text.splitlines() if line]


def _cells(lines: list[list[str]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(index=pd.Index([line[0] for line in lines], dtype=object))


def _genes(lines: list[list[str]]) -> tuple[pd.DataFrame, int]:
    import pandas as pd

    width = min((len(line) for line in lines), default=1)
    ids = [line[0] for line in lines]
    symbols = np.array([line[1] for line in lines] if width > 1 else ids, dtype=object)
    index, repeated = named_uniquely(symbols)
    columns = {"gene_ids": ids}
    if width > 2:
        columns["feature_types"] = [line[2] for line in lines]
    return pd.DataFrame(columns, index=index), repeated
