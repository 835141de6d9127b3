"""The facts of a table's columns, gathered a batch of rows at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.records import Element

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BATCH_ROWS", "Column", "TextColumn", "facts_of_batches"]

BATCH_ROWS = 1 << 16
_MOST_COUNTED = 10_000  # different values that are counted; beyond, a column is no category
_MOST_LISTED = 100
_LONGEST_LABEL = 200
_FLAGS = {"true", "false"}


class Column:
    """Range, missing values and categories of a column of known type."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.n_rows = 0
        self.n_null = 0
        self.n_numbers = 0
        self.total = 0.0
        self.smallest = np.inf
        self.largest = -np.inf
        self.counts: Counter[str] | None = Counter()

    def update(self, values: Any) -> None:
        """Take the next values, a pyarrow Array."""
        import pyarrow as pa

        self.n_rows += len(values)
        kind = values.type
        if pa.types.is_dictionary(kind):
            values = values.cast(kind.value_type)
            kind = kind.value_type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            self.take_numbers(_numbers(values))
            self.counts = None
            return
        self.n_null += values.null_count
        if pa.types.is_boolean(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
            self.take_labels(values)
        else:
            self.counts = None

    def take_numbers(self, numbers: NDArray[np.float64]) -> None:
        there = numbers[~np.isnan(numbers)]
        self.n_null += len(numbers) - len(there)
        if len(there):
            self.n_numbers += len(there)
            with np.errstate(over="ignore", invalid="ignore"):  # infinity is a fair answer
                self.total += float(there.sum())
            self.smallest = min(self.smallest, float(there.min()))
            self.largest = max(self.largest, float(there.max()))

    def take_labels(self, values: Any) -> None:
        if self.counts is None:
            return
        for entry in values.drop_null().value_counts().to_pylist():
            self.counts[str(entry["values"])] += entry["counts"]
        if len(self.counts) > _MOST_COUNTED:
            self.counts = None

    def element(self) -> Element:
        """Give the column's entry in a summary."""
        facts: dict[str, Any] = {}
        if self.n_numbers:
            mean = self.total / self.n_numbers
            facts = {"min": self.smallest, "max": self.largest, "mean": mean}
        if self.counts is not None and self.counts:
            facts["n_categories"] = len(self.counts)
            if len(self.counts) < sum(self.counts.values()):
                most = sorted(self.counts.items(), key=lambda entry: (-entry[1], entry[0]))
                facts["categories"] = {
                    label[:_LONGEST_LABEL]: count for label, count in most[:_MOST_LISTED]
                }
        return Element(
            kind="column", dtype=self.dtype, shape=(self.n_rows,), n_null=self.n_null, **facts
        )


class TextColumn(Column):
    """A column of a text file, whose type shows as its values come.

    It is whole numbers as long as every value is one, then numbers, else text.
    """

    _NARROWER = ("int64", "float64", "string")

    def __init__(self) -> None:
        super().__init__("int64")
        self.seen = False

    def update(self, values: Any) -> None:
        """Take the next values, an Array of strings with nulls for missing ones."""
        self.n_rows += len(values)
        there = values.drop_null()
        n_null = len(values) - len(there)
        if not len(there):
            self.n_null += n_null
            return
        self.seen = True
        numbers = self._as_numbers(there)
        self.n_null += n_null
        if numbers is not None:
            self.take_numbers(numbers)
        if self.dtype == "float64":
            self.counts = None
        else:
            self.take_labels(there)

    def _as_numbers(self, values: Any) -> NDArray[np.float64] | None:
        import pyarrow as pa

        while self.dtype != "string":
            kind = pa.int64() if self.dtype == "int64" else pa.float64()
            try:
                return np.asarray(values.cast(kind).to_numpy(), dtype=np.float64)
            except pa.ArrowInvalid:
                self.dtype = self._NARROWER[self._NARROWER.index(self.dtype) + 1]
        self.n_numbers = 0
        return None

    def element(self) -> Element:
        """Give the column's entry in a summary."""
        if not self.seen:
            # As pandas has a column without values, and one without rows.
            self.dtype = "float64" if self.n_rows else "string"
        elif self.dtype == "string":
            self._name_flags()
        else:
            self.counts = None
            if self.dtype == "int64" and self.n_null:
                self.dtype = "float64"  # as pandas has whole numbers with missing ones
        return super().element()

    def _name_flags(self) -> None:
        """Name true and false in one way, as pandas reads them."""
        counts: Counter[str] = self.counts or Counter()
        if counts and _FLAGS.issuperset(map(str.lower, counts)):
            self.dtype = "string" if self.n_null else "bool"
            self.counts = Counter()
            for label, n in counts.items():
                self.counts[label.capitalize()] += n


def facts_of_batches(batches: Iterable[Any], columns: dict[str, Column]) -> int:
    """Feed record batches to their columns, in order; give the number of rows."""
    n_rows = 0
    for batch in batches:
        n_rows += batch.num_rows
        for column, values in zip(columns.values(), batch.columns, strict=True):
            column.update(values)
    return n_rows


def _numbers(values: Any) -> NDArray[np.float64]:
    import pyarrow as pa

    as_float = values.cast(pa.float64(), safe=False)
    return np.asarray(as_float.to_numpy(zero_copy_only=False), dtype=np.float64)
