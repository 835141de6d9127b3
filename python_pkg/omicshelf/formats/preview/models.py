"""What is asked of a preview, and what it says; both travel as JSON.

Columns are lists. A number that is missing, NaN or infinite is null.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "MOST_CATEGORIES",
    "MOST_CELLS",
    "MOST_POINTS",
    "MOST_ROWS",
    "MOST_TEXT",
    "Categories",
    "Column",
    "ColumnFacts",
    "Contents",
    "Embedding",
    "EmbeddingFacts",
    "Head",
    "HeaderField",
    "Kind",
    "Matrix",
    "MatrixFacts",
    "ModalityFacts",
    "Numbers",
    "Preview",
    "PreviewRequest",
    "RowNames",
    "TableFacts",
    "TablePage",
    "VariantHead",
]

MOST_POINTS = 50_000
MOST_ROWS = 1_000
MOST_CELLS = 200
MOST_CATEGORIES = 256
MOST_TEXT = 1_000
_MOST_KEYS = 500
_LONGEST_NAME = 10_000

Kind: TypeAlias = Literal["list", "embedding", "table", "matrix", "head", "names"]
Cell: TypeAlias = str | bool | int | float | None
Name: TypeAlias = Annotated[str, Field(max_length=_LONGEST_NAME)]
Position: TypeAlias = Annotated[int, Field(ge=0, lt=1 << 53)]
Keys: TypeAlias = Annotated[tuple[Name, ...], Field(max_length=_MOST_KEYS)]


class PreviewRequest(BaseModel):
    """What is asked of a file.

    Attributes
    ----------
    kind
        ``list``: what there is to be seen. ``embedding``: points of an obsm key. ``table``: a
        page of rows. ``matrix``: a block for a heat map. ``head``: the beginning of a file of
        text or variants. ``names``: the obs names of points that were chosen,
        or the names that have a text in them.
    modality
        A modality of a MuData, or a genome of a 10x file that has several.
    embedding
        The obsm key; by default a UMAP, else the first one that is there.
    dimensions
        Two or three columns of it, counted from 0.
    points
        How many points to show at most.
    color
        The obs column that colours the points.
    gene
        The var name whose values colour them instead.
    matrix
        What the gene, or the block, is of: ``X``, ``raw/X`` or ``layers/<name>``; by default
        X, or raw/X where there is no X.
    table
        ``obs``, ``var`` or ``raw/var`` of annotated data.
    columns
        The columns of a table page; by default the first 50.
    offset, limit
        The first row of a page and how many; of records, for ``head`` of a VCF.
    row_offset, column_offset, n_rows, n_columns
        The block of a matrix.
    sample
        Whether the block is an even sample of the whole matrix instead of a corner of it.
    row_fields, column_fields
        The metadata that a block is annotated with.
    rows
        The positions whose names are asked for; for ``table`` of annotated data, the rows that
        are shown instead of a page, at most 1,000.
    search
        For ``names``: a text, of which at most ``limit`` names are given that have it in them,
        the equal ones first, then those that begin with it. Upper and lower case are the same.
        The texts of ``columns``, if any are given, are searched as well.
    sheet
        A sheet of a workbook; by default the first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "list"
    modality: Name | None = None
    embedding: Name | None = None
    dimensions: Annotated[tuple[Position, ...], Field(min_length=2, max_length=3)] = (0, 1)
    points: Annotated[int, Field(ge=1, le=MOST_POINTS)] = MOST_POINTS
    color: Name | None = None
    gene: Name | None = None
    matrix: Name | None = None
    table: Literal["obs", "var", "raw/var"] = "obs"
    columns: Keys | None = None
    offset: Position = 0
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100
    row_offset: Position = 0
    column_offset: Position = 0
    n_rows: Annotated[int, Field(ge=1, le=MOST_CELLS)] = 50
    n_columns: Annotated[int, Field(ge=1, le=MOST_CELLS)] = 50
    sample: bool = False
    row_fields: Keys = ()
    column_fields: Keys = ()
    rows: Annotated[tuple[Position, ...], Field(max_length=MOST_POINTS)] = ()
    search: Annotated[str, Field(min_length=1, max_length=MOST_TEXT)] | None = None
    sheet: Name | None = None

    @model_validator(mode="after")
    def _one_color(self) -> PreviewRequest:
        if self.color is not None and self.gene is not None:
            raise ValueError("color and gene exclude each other: points have one colour")
        return self


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")


class Categories(_Part):
    """A colour by category.

    ``codes`` has one entry a point: the position in ``categories``, -1 where the value is
    missing, -2 for one of the ``n_other`` rarer categories that are not listed. ``counts`` are
    of all observations. ``colors`` are those that were saved with the data, if any.
    """

    kind: Literal["categories"] = "categories"
    source: str
    codes: list[int]
    categories: list[str]
    counts: list[int]
    n_categories: int
    n_other: int = 0
    n_missing: int = 0
    ordered: bool = False
    colors: list[str] | None = None


class Numbers(_Part):
    """A colour by number: a value a point, and figures of all observations.

    ``quantiles`` are those of 0.01, 0.05, 0.25, 0.5, 0.75, 0.95 and 0.99.
    """

    kind: Literal["numbers"] = "numbers"
    source: str
    values: list[float | None]
    min: float | None = None
    max: float | None = None
    quantiles: list[float | None] = Field(default_factory=list)
    n_missing: int = 0
    n_zero: int = 0


class Embedding(_Part):
    """Points: ``coordinates`` has a list a dimension, ``rows`` the position of each point.

    Of ``n_obs`` observations ``n_unplaced`` have no finite coordinates. Coordinates are
    rounded to a hundred-thousandth of their range.
    """

    key: str
    dimensions: list[int]
    n_dimensions: int
    n_obs: int
    n_shown: int
    n_unplaced: int = 0
    coordinates: list[list[float | None]]
    rows: list[int]
    color: Categories | Numbers | None = Field(default=None, discriminator="kind")


class Column(_Part):
    """A column of a page: its name, its type and a value a row; ``n_cut`` texts were cut."""

    name: str
    type: str
    values: list[Cell]
    n_cut: int = 0


class TablePage(_Part):
    """Rows of a table from ``offset`` on.

    ``n_rows`` is None where only reading the whole file could tell; ``more`` says whether rows
    follow. ``n_columns`` counts all columns, also those that are not on the page. ``index`` has
    the names of the rows, where they have names.
    """

    table: str
    offset: int
    n_rows: int | None = None
    n_columns: int
    more: bool
    index: list[str] | None = None
    index_name: str | None = None
    columns: list[Column]


class Matrix(_Part):
    """A block of a matrix: a list a row.

    ``row_axis`` says whether its rows are observations (``obs``: cells, samples) or features
    (``var``: genes), ``rows`` and ``columns`` which ones they are.
    """

    source: str
    row_axis: Literal["obs", "var"]
    n_rows: int
    n_columns: int
    rows: list[int]
    columns: list[int]
    row_names: list[str]
    column_names: list[str]
    row_fields: list[Column] = Field(default_factory=list)
    column_fields: list[Column] = Field(default_factory=list)
    values: list[list[float | None]]
    min: float | None = None
    max: float | None = None


class HeaderField(_Part):
    """A field that a VCF's header defines."""

    kind: str
    id: str
    type: str | None = None
    description: str | None = None


class VariantHead(_Part):
    """The header and the first records of a VCF."""

    fileformat: str | None = None
    fields: list[HeaderField] = Field(default_factory=list)
    contigs: list[Column] = Field(default_factory=list)
    n_contigs: int = 0
    samples: list[str] = Field(default_factory=list)
    n_samples: int = 0
    records: TablePage | None = None


class Head(_Part):
    """The beginning of a file.

    ``text`` is None for what is no text. ``size`` is that of the file in bytes, ``cut`` says
    whether there is more text than this.
    """

    media_type: str
    size: int
    text: str | None = None
    encoding: str | None = None
    cut: bool = False
    width: int | None = None
    height: int | None = None
    variants: VariantHead | None = None


class RowNames(_Part):
    """The names of rows, in the order in which they were asked for, or were found.

    ``rows`` are their positions. Of a search ``found`` has the text that matched, which is the
    name or the value of a column, and ``n_found`` counts all rows that have one.
    """

    names: list[str]
    rows: list[int] = Field(default_factory=list)
    found: list[str] | None = None
    n_found: int | None = None


class ColumnFacts(_Part):
    name: str
    type: str
    n_categories: int | None = None


class EmbeddingFacts(_Part):
    key: str
    shape: list[int]


class MatrixFacts(_Part):
    name: str
    type: str
    dtype: str
    shape: list[int]


class TableFacts(_Part):
    """A table that can be asked for; ``columns`` are its first ones."""

    name: str
    n_rows: int | None = None
    n_columns: int
    columns: list[ColumnFacts]


class ModalityFacts(_Part):
    """What one annotated matrix has: the dataset itself (``name`` is empty) or a part of it."""

    name: str = ""
    n_obs: int
    n_vars: int
    embeddings: list[EmbeddingFacts] = Field(default_factory=list)
    default_embedding: str | None = None
    tables: list[TableFacts] = Field(default_factory=list)
    matrices: list[MatrixFacts] = Field(default_factory=list)


class Contents(_Part):
    """What can be seen of a file: the kinds of preview that it has, and their choices."""

    kinds: list[Kind]
    modalities: list[ModalityFacts] = Field(default_factory=list)
    tables: list[TableFacts] = Field(default_factory=list)
    sheets: list[str] = Field(default_factory=list)


class Preview(_Part):
    """The answer: the part that was asked for, and what is wrong with the file.

    Without that part ``problems`` says why there is none.
    """

    kind: Kind
    format: str
    contents: Contents | None = None
    embedding: Embedding | None = None
    table: TablePage | None = None
    matrix: Matrix | None = None
    head: Head | None = None
    names: RowNames | None = None
    problems: list[str] = Field(default_factory=list)
