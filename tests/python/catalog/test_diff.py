"""The diff of two versions from their records alone."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omicshelf.catalog.diff import Diff, Side, compare
from omicshelf.errors import Invalid
from omicshelf.formats.annotated.names import sidecar
from omicshelf.formats.base import Names
from omicshelf.records import Element, Summary, VersionRecord

HOSTILE = "<img src=x onerror=alert(1)>`\"'&\n\x1b[31m\u202e"


def version(seq: int, **given: Any) -> VersionRecord:
    values = {
        "version_id": f"{seq:08x}",
        "atlas": "default",
        "dataset_id": "GSE1",
        "seq": seq,
        "data_type": "Single Cell RNASeq",
        "data_format": "h5ad",
        "size": 1000 * seq,
        "blake3": f"{seq:02x}" * 32,
        "created_at": seq,
    }
    return VersionRecord(**{**values, **given})


def names_of(*names: str) -> bytes:
    array = np.empty(len(names), dtype=object)
    array[:] = names
    return sidecar(array)


def annotated(
    seq: int,
    elements: dict[str, Element] | None = None,
    *,
    obs: tuple[str, ...] = ("c1", "c2", "c3"),
    var: tuple[str, ...] = ("g1", "g2"),
    kind: str = "anndata",
    metadata: dict[str, Any] | None = None,
    record: dict[str, Any] | None = None,
    **facts: Any,
) -> Side:
    every = {
        "obs_names": Element(kind="strings", shape=(len(obs),), hash=repr(obs)),
        "var_names": Element(kind="strings", shape=(len(var),), hash=repr(var)),
        **(elements or {}),
    }
    summary = Summary(kind=kind, n_obs=len(obs), n_vars=len(var), elements=every, **facts)
    about = version(seq, metadata=metadata or {}, **(record or {}))
    return Side(about, summary, Names(names_of(*obs), names_of(*var)))


def column(counts: dict[str, int], hash: str = "h", **facts: Any) -> Element:
    values = {"kind": "categorical", "dtype": "string", "shape": (sum(counts.values()),)}
    return Element(
        **{**values, "n_categories": len(counts), "categories": counts, "hash": hash, **facts}
    )


def matrix(hash: str, kind: str = "csr_matrix", dtype: str = "float32", n: int = 3) -> Element:
    return Element(kind=kind, dtype=dtype, shape=(n, 2), hash=hash)


def told(old: Side, new: Side) -> list[str]:
    diff = compare(old, new)
    assert json.loads(json.dumps(diff.to_dict(), allow_nan=False)) == diff.to_dict()
    Table.of(diff)
    return diff.summary().split("\n")


class Table(HTMLParser):
    """Reads a diff's HTML; fails on tags that it does not write itself."""

    KNOWN = frozenset(["table", "caption", "thead", "tbody", "tr", "th", "td", "code"])

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    @classmethod
    def of(cls, diff: Diff) -> Table:
        table = cls()
        table.feed(diff._repr_html_())
        assert table.open == []
        return table

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.KNOWN
        assert {name for name, _ in attrs} <= {"style", "scope", "rowspan"}
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


# -- axes


def test_removed_cells_and_added_genes_are_counted() -> None:
    old, new = annotated(1), annotated(2, obs=("c1", "c3"), var=("g1", "g2", "g3"))
    assert told(old, new) == ["-1 cell (3 -> 2)", "+1 gene (2 -> 3)"]
    axes = compare(old, new).to_dict()
    assert axes["obs"] == {
        "was": 3,
        "now": 2,
        "added": 0,
        "removed": 1,
        "kept": 2,
        "reordered": None,
    }
    assert axes["var"]["added"] == 1


def test_exchanged_cells_are_not_hidden_by_an_equal_number() -> None:
    lines = told(annotated(1), annotated(2, obs=("c1", "c2", "x")))
    assert lines == ["+1 cell", "-1 cell (3 -> 3)"]


def test_reordered_cells_are_told_as_such() -> None:
    old = annotated(1, {"X": matrix("a")})
    new = annotated(2, {"X": matrix("b")}, obs=("c3", "c2", "c1"))
    assert told(old, new) == [
        "cells reordered (3 as before)",
        "X: reordered, values not compared",
    ]
    assert compare(old, new).to_dict()["obs"]["reordered"] is True


def test_wholly_renamed_cells() -> None:
    lines = told(annotated(1), annotated(2, obs=("a", "b")))
    assert lines == ["none of the 3 cells has its name any more: 2 other names"]


def test_without_a_sidecar_only_the_numbers_are_told() -> None:
    old, new = annotated(1), annotated(2, obs=("c1",))
    bare = Side(new.version, new.summary)
    assert told(old, bare) == ["-2 cells (3 -> 1)"]
    assert compare(old, bare).to_dict()["obs"]["removed"] is None
    other = annotated(3, obs=("c1", "c2", "x"))
    assert told(old, Side(other.version, other.summary)) == [
        "cells: 3 as before, with other names or in another order"
    ]


def test_a_sidecar_that_does_not_hold_every_name_is_not_trusted() -> None:
    new = annotated(2, obs=("c1",))
    broken = Side(new.version, new.summary, Names(b"", new.names.var if new.names else b""))
    assert compare(annotated(1), broken).to_dict()["obs"]["kept"] is None


NAMES = st.lists(st.sampled_from(["a", "b", "c", "d", "é", "e\u0301", "", "🧬"]), max_size=12)


@given(NAMES, NAMES)
def test_counts_are_those_of_multisets(old: list[str], new: list[str]) -> None:
    diff = compare(annotated(1, obs=tuple(old)), annotated(2, obs=tuple(new)))
    obs = diff.to_dict()["obs"]
    a, b = Counter(old), Counter(new)
    assert (obs["added"], obs["removed"], obs["kept"]) == (
        (b - a).total(),
        (a - b).total(),
        (a & b).total(),
    )
    assert (obs["reordered"] is True) == (a == b and old != new)


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_counts_of_unique_names(old: set[int], new: set[int]) -> None:
    sides = [annotated(n, obs=tuple(map(str, s))) for n, s in ((1, old), (2, new))]
    obs = compare(*sides).to_dict()["obs"]
    assert (obs["added"], obs["removed"]) == (len(new - old), len(old - new))


# -- elements


def test_an_added_column_an_embedding_and_a_layer() -> None:
    new = annotated(
        2,
        {
            "obs/leiden": column({str(n): 1 for n in range(14)}),
            "layers/counts": matrix("c", dtype="int32"),
            "obsm/X_umap": matrix("u", kind="array"),
            "obsm/spatial": matrix("s", kind="array"),
        },
    )
    assert told(annotated(1), new) == [
        "+1 obs column `leiden` (14 categories)",
        "layer `counts` added (csr, int32)",
        "embedding `X_umap` added (2 dimensions, float32)",
        "obsm `spatial` added (2 dimensions, float32)",
    ]
    assert told(new, annotated(1))[:2] == [
        "-1 obs column `leiden` (14 categories)",
        "layer `counts` removed (csr, int32)",
    ]


def test_many_added_columns_share_a_line() -> None:
    new = annotated(2, {f"obs/q{n}": column({"a": 3}, hash=str(n)) for n in range(12)})
    assert told(annotated(1), new) == [
        "+12 obs columns: `q0`, `q1`, `q2`, `q3`, `q4`, … and 7 more"
    ]
    assert len(compare(annotated(1), new).to_dict()["elements"]["added"]) == 12


def test_recounted_categories_are_told_largest_step_first() -> None:
    old = annotated(1, {"obs/cell_type": column({"T cell": 120, "B cell": 1_240, "NK": 7}, "a")})
    new = annotated(2, {"obs/cell_type": column({"T cell": 96, "B cell": 1_263, "NK": 7}, "b")})
    assert told(old, new) == [
        "obs column `cell_type`: 2 categories recounted: "
        "`T cell` 120 -> 96, `B cell` 1,240 -> 1,263"
    ]
    assert compare(old, new).to_dict()["elements"]["changed"]["obs/cell_type"]["what"] == (
        "categories"
    )


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ({"a": 2, "b": 1}, {"a": 2, "c": 1}, "2 categories renamed or recounted"),
        ({"a": 2, "b": 1}, {"a": 2}, "1 category gone: `b` 1 -> none"),
        ({"a": 2}, {"a": 2, "b": 1}, "1 category new: `b` none -> 1"),
        ({"a": 2, "b": 1}, {"a": 3}, "2 categories gone or recounted"),
        ({"a": 2}, {"a": 2}, "changed (as many in each category"),
    ],
)
def test_how_categories_changed(was: dict[str, int], now: dict[str, int], words: str) -> None:
    old, new = annotated(1, {"obs/x": column(was, "a")}), annotated(2, {"obs/x": column(now, "b")})
    assert words in told(old, new)[0]


def test_categories_beyond_the_cap_are_not_said_to_be_gone() -> None:
    old = annotated(1, {"obs/x": column({"a": 9, "b": 5}, "a", n_categories=300)})
    new = annotated(2, {"obs/x": column({"a": 8, "c": 6}, "b", n_categories=300)})
    assert told(old, new) == ["obs column `x`: 1 category recounted: `a` 9 -> 8"]


def test_a_number_column_tells_its_range_and_a_new_type() -> None:
    facts: dict[str, Any] = {"kind": "array", "dtype": "int64", "shape": (3,), "max": 5.0}
    old = annotated(1, {"obs/n": Element(**facts, hash="a", min=1000, mean=1234.5, n_null=0)})
    new = annotated(2, {"obs/n": Element(**facts, hash="b", min=2000, mean=1234.5, n_null=2)})
    assert told(old, new) == ["obs column `n`: min 1,000 -> 2,000; missing values 0 -> 2"]
    text = annotated(3, {"obs/n": column({"a": 3})})
    assert told(old, text) == ["obs column `n`: int64 -> 1 category"]


def test_the_type_of_x() -> None:
    old = annotated(1, {"X": matrix("a")})
    assert told(old, annotated(2, {"X": matrix("b", dtype="float64")})) == [
        "X dtype float32 -> float64"
    ]
    assert told(old, annotated(2, {"X": matrix("b", kind="array")})) == [
        "X: csr, float32 -> dense, float32"
    ]
    assert compare(old, annotated(2, {"X": matrix("b", dtype="float64")})).to_dict()["facts"][
        "dtype"
    ] == {"was": "float32", "now": "float64"}


def test_dimensions_of_an_embedding() -> None:
    one, two = (
        {"obsm/X_pca": Element(kind="array", dtype="float32", shape=(3, n), hash=str(n))}
        for n in (50, 30)
    )
    assert told(annotated(1, one), annotated(2, two)) == [
        "embedding `X_pca`: 50 dimensions, float32 -> 30 dimensions, float32"
    ]


def test_normalising_x_and_keeping_the_counts() -> None:
    old = annotated(1, {"X": matrix("a")}, x_looks_like="counts", counts_in="X")
    new = annotated(
        2,
        {"X": matrix("b"), "layers/counts": matrix("a")},
        x_looks_like="log-normalised",
        counts_in="layers/counts",
    )
    assert told(old, new) == [
        "X: counts -> log-normalised (judged from the values)",
        "raw counts: X -> layers/counts",
        "layer `counts` added (csr, float32), equal to X in v1",
    ]


def test_losing_the_raw_counts() -> None:
    old = annotated(3, {"layers/counts": matrix("a")}, counts_in="layers/counts")
    assert told(old, annotated(4)) == [
        "raw counts are gone: they were in layers/counts (v3 has them)",
        "layer `counts` removed (csr, float32)",
    ]


def test_a_changed_x_that_looks_the_same() -> None:
    sides = [annotated(n, {"X": matrix(str(n))}, x_looks_like="scaled") for n in (1, 2)]
    assert told(*sides) == ["X changed (still scaled, judged from the values)"]


def test_gene_names_of_another_kind() -> None:
    lines = told(
        annotated(1, var_names_kind="symbol"),
        annotated(2, {"X": matrix("a")}, var_names_kind="ensembl"),
    )
    assert "gene names: symbols -> Ensembl ids" in lines


def test_a_subset_of_cells_names_what_is_not_compared() -> None:
    old = annotated(
        1,
        {
            "X": matrix("a"),
            "layers/counts": matrix("b"),
            "obsm/X_umap": matrix("c"),
            "varm/PCs": Element(kind="array", dtype="float32", shape=(2, 5), hash="same"),
            "obs/type": column({"T": 2, "B": 1}, "d"),
            **{f"obs/q{n}": Element(kind="array", shape=(3,), hash=f"{n}") for n in range(3)},
        },
    )
    smaller = {
        path: element.model_copy(
            update={"hash": f"{element.hash}'", "shape": (2, *(element.shape or ())[1:])}
        )
        for path, element in old.summary.elements.items()
        if not path.startswith(("var", "obs_names"))
    }
    smaller["varm/PCs"] = old.summary.elements["varm/PCs"]
    smaller["obs/type"] = column({"T": 2}, "d'")
    new = annotated(2, smaller, obs=("c1", "c2"))
    assert told(old, new) == [
        "-1 cell (3 -> 2)",
        "obs column `type`: 1 category gone: `B` 1 -> none",
        "X, layer `counts`, embedding `X_umap`, 3 obs columns: subset, values not compared",
    ]
    changed = compare(old, new).to_dict()["elements"]["changed"]
    assert changed["X"]["what"] == "subset, values not compared"
    assert changed["obs/type"]["what"] == "categories; subset, values not compared"


def test_raw_comes_and_goes_as_one() -> None:
    raw = {
        "raw/X": matrix("r"),
        "raw/var_names": Element(kind="strings", shape=(13_714,), hash="n"),
        "raw/var/name": Element(kind="strings", hash="v"),
    }
    assert told(annotated(1), annotated(2, raw)) == ["raw added (13,714 genes)"]
    assert told(annotated(2, raw), annotated(3)) == ["raw removed (13,714 genes)"]


def test_values_of_uns() -> None:
    one = {"uns/p/n": Element(kind="scalar", dtype="int", shape=(), hash="a", preview="15")}
    two = {"uns/p/n": Element(kind="scalar", dtype="int", shape=(), hash="b", preview="30")}
    assert told(annotated(1, one), annotated(2, two)) == ["uns entry `p/n`: 15 -> 30"]


def test_sizes_of_uns_entries() -> None:
    for one, two, words in (((10,), (9,), "10 -> 9"), ((2, 10), (2, 9), "2 x 10 -> 2 x 9")):
        sides = [
            annotated(n, {"uns/c": Element(kind="strings", shape=shape, hash=str(n))})
            for n, shape in ((1, one), (2, two))
        ]
        assert told(*sides) == [f"uns entry `c`: {words} entries"]


def test_many_changed_entries_are_cut() -> None:
    sides = [
        annotated(n, {f"uns/k{i}": Element(kind="array", hash=f"{n}{i}") for i in range(40)})
        for n in (1, 2)
    ]
    lines = told(*sides)
    assert len(lines) == 13
    assert lines[-1] == "… and 28 more uns entries changed"


def test_what_no_element_tells_is_not_called_nothing() -> None:
    assert told(annotated(1), annotated(2)) == [
        "the data changed in something that their summaries do not hold"
    ]


# -- other kinds


def test_modalities() -> None:
    def mudata(seq: int, *names: str, n: int = 5, look: str = "counts") -> Side:
        elements = {}
        for name in names:
            size = n if name == "rna" else 4
            elements[f"mod/{name}/obs_names"] = Element(
                kind="strings", shape=(size,), hash=f"{size}"
            )
            elements[f"mod/{name}/var_names"] = Element(kind="strings", shape=(2_000,), hash="v")
            elements[f"mod/{name}/X"] = matrix(f"{name}{size}{look}", n=size)
        facts = {name: {"x_looks_like": look, "counts_in": None} for name in names}
        return annotated(seq, elements, kind="mudata", details={"modalities": facts})

    assert told(mudata(1, "rna", "prot"), mudata(2, "rna", "atac", n=3)) == [
        "mod `rna`: -2 cells (5 -> 3)",
        "mod `rna`: X: on other names or in another order, values not compared",
        "modality `atac` added (4 cells x 2,000 features)",
        "modality `prot` removed (4 cells x 2,000 features)",
    ]
    lines = told(mudata(1, "rna"), mudata(2, "rna", look="log-normalised"))
    assert lines == ["mod `rna`: X: counts -> log-normalised (judged from the values)"]
    both = compare(mudata(1, "rna", "prot"), mudata(2, "rna", "atac", n=3)).to_dict()
    assert both["modalities"]["added"] == ["atac"]
    assert both["modalities"]["shared"]["rna"]["obs"]["now"] == 3
    assert "mod/prot/X" in both["elements"]["removed"]
    assert "mod/rna/X" in both["elements"]["changed"]


def test_a_gct_has_samples_and_rows() -> None:
    old = annotated(1, kind="matrix")
    new = annotated(
        2, {"obs/dose": column({"1": 2})}, kind="matrix", obs=("c1", "c2"), var=("g1", "g2", "g3")
    )
    assert told(old, new) == [
        "-1 sample (3 -> 2)",
        "+1 row (2 -> 3)",
        "+1 sample field `dose` (1 category)",
    ]


def table(seq: int, n_rows: int, columns: dict[str, Element], **given: Any) -> Side:
    elements = {f"columns/{k}": v for k, v in columns.items()}
    summary = Summary(
        kind="table", format="csv", n_rows=n_rows, n_columns=len(columns), elements=elements
    )
    return Side(version(seq, data_format="csv", **given), summary)


def number(n: int, dtype: str = "int64", mean: float = 2) -> Element:
    return Element(kind="column", dtype=dtype, shape=(n,), mean=mean, n_null=0)


def test_tables() -> None:
    old = table(1, 10_000, {"age": number(10_000), "site": number(10_000)})
    new = table(2, 11_200, {"age": number(11_200, "float64"), "sex": number(11_200)})
    assert told(old, new) == [
        "+1,200 rows (10,000 -> 11,200)",
        "+1 column `sex` (int64)",
        "-1 column `site` (int64)",
        "column `age` dtype int64 -> float64",
    ]
    assert compare(old, new).to_dict()["rows"] == {"was": 10_000, "now": 11_200}
    diff = compare(old, new)
    assert (diff.added("columns"), diff.removed("columns")) == (["sex"], ["site"])
    assert told(old, table(2, 10_000, {"age": number(10_000), "site": number(10_000)})) == [
        "the values changed; what the summaries tell of them is the same"
    ]
    shifted = table(2, 10_000, {"age": number(10_000, mean=3), "site": number(10_000)})
    assert told(old, shifted) == ["column `age`: mean 2 -> 3"]


def test_the_format_is_told() -> None:
    old = table(1, 5, {"a": number(5)})
    new = Side(version(2, data_format="parquet"), old.summary)
    assert told(old, new)[-1] == "format csv -> parquet"


def variants(seq: int, samples: list[str], n_rows: int | None, **fields: str) -> Side:
    elements = {
        path.replace("_", "/"): Element(kind="INFO field", dtype=dtype)
        for path, dtype in fields.items()
    }
    details = {"samples": samples, "n_samples": len(samples), "contigs": ["chr1"], "n_contigs": 1}
    summary = Summary(kind="variants", n_rows=n_rows, elements=elements, details=details)
    return Side(version(seq, data_format="vcf"), summary, Names(names_of(*samples)))


def test_variants() -> None:
    old = variants(1, ["HG1", "HG2"], 100, INFO_AC="Integer", INFO_AF="Float")
    new = variants(2, ["HG2", "HG3", "HG4"], 120, INFO_AC="Float", FORMAT_DP="Integer")
    assert told(old, new) == [
        "+20 variants (100 -> 120)",
        "+2 samples",
        "-1 sample (2 -> 3)",
        "+1 FORMAT field `DP` (Integer)",
        "-1 INFO field `AF` (Float)",
        "INFO field `AC` dtype Integer -> Float",
        "+2 samples `HG3`, `HG4`",
        "-1 sample `HG1`",
    ]
    assert compare(old, new).added("samples") == ["HG3", "HG4"]
    assert compare(old, new).to_dict()["ids"]["samples"]["removed"] == ["HG1"]


def test_opaque_files_tell_size_and_hash() -> None:
    old = Side(version(1, data_format="png", size=4_520_000), Summary(details={"width": 100}))
    new = Side(version(2, data_format="png", size=4_610_000), Summary(details={"width": 1_200}))
    assert told(old, new) == [
        "the bytes changed: 4.5 MB -> 4.6 MB, blake3 01010101… -> 02020202…",
        "`width` 100 -> 1,200",
    ]
    near = Side(version(3, data_format="png", size=4_520_001), old.summary)
    assert "4,520,000 -> 4,520,001 bytes" in told(old, near)[0]


def test_other_kinds_of_data_are_not_compared() -> None:
    lines = told(annotated(1), table(2, 3, {"a": number(3)}))
    assert lines[0] == (
        "the data were an AnnData and are now a table: their contents are not compared"
    )
    assert lines[-1] == "format h5ad -> csv"
    with pytest.raises(Invalid, match="nothing in common"):
        compare(annotated(1), table(2, 3, {})).added("obs")


def test_new_problems() -> None:
    lines = told(annotated(1), annotated(2, problems=["41 cells, 1 name occurs twice: c1 …"]))
    assert "new problem: 41 cells, 1 name occurs twice: c1 …" in lines


# -- metadata, sameness


def test_metadata() -> None:
    old = annotated(1, metadata={"tissue": "lung", "age": 3, "p": {"a": {"x": 1}, "b": 1}})
    new = annotated(
        2,
        metadata={"tissue": "liver", "p": {"a": {"x": True}, "b": 1}, "sex": "f", "ü": None},
        record={"blake3": "01" * 32},
    )
    assert told(old, new) == [
        "metadata: `tissue` 'lung' -> 'liver'; `p.a.x` 1 -> true; +2 keys (`sex`, `ü`); "
        "-1 key (`age`)",
        "only the metadata changed; the data are the same",
    ]
    diff = compare(old, new)
    assert diff.to_dict()["metadata"]["changed"]["tissue"] == {"was": "lung", "now": "liver"}
    assert (diff.data_changed, diff.to_dict()["same"]) == (False, False)
    assert diff


def test_long_values_that_differ_late_are_seen_to_differ() -> None:
    one, two = (annotated(n, metadata={"k": "x" * 100 + str(n)}) for n in (1, 2))
    assert "xxx1' -> 'xxx" in told(one, two)[-1]


def test_values_that_only_differ_in_type() -> None:
    one = annotated(1, metadata={"k": 1}, record={"blake3": "aa"})
    two = annotated(2, metadata={"k": 1.0}, record={"blake3": "aa"})
    assert told(one, two)[0] == "metadata: `k` 1 -> 1.0"


def test_nothing_changed() -> None:
    one = annotated(1, {"X": matrix("a")}, metadata={"a": {"b": 1, "c": 2}})
    same = annotated(
        2, {"X": matrix("a")}, metadata={"a": {"c": 2, "b": 1}}, record={"digest": "d"}
    )
    one = Side(one.version.model_copy(update={"digest": "d"}), one.summary, one.names)
    diff = compare(one, same)
    assert not diff
    assert str(diff) == "GSE1: v1 -> v2\nnothing changed"
    assert repr(diff) == str(diff)
    assert diff.to_dict()["same"] is True
    assert diff.to_dict()["obs"]["kept"] == 3
    assert (diff.added("obs"), diff.removed("var")) == ([], [])
    assert "same" in Table.of(diff).text


def test_equal_content_in_another_format_is_the_same_data() -> None:
    one = annotated(1, record={"digest": "d"})
    two = annotated(2, record={"digest": "d", "data_format": "zarr", "data_type": "scRNA"})
    assert told(one, two) == [
        "data type Single Cell RNASeq -> scRNA",
        "format h5ad -> zarr",
        "the data are the same",
    ]


def test_a_version_is_equal_to_itself() -> None:
    side = Side(version(1, blake3=""), Summary())
    assert not compare(side, side)


def test_empty_data() -> None:
    empty = annotated(1, obs=(), var=())
    assert told(empty, annotated(2)) == ["+3 cells (0 -> 3)", "+2 genes (0 -> 2)"]
    assert told(annotated(2), empty) == ["-3 cells (3 -> 0)", "-2 genes (2 -> 0)"]


def test_headings_of_two_datasets_and_two_atlases() -> None:
    other = annotated(5, record={"dataset_id": "GSE2"})
    assert compare(annotated(1), other).heading == "GSE1 v1 -> GSE2 v5"
    far = annotated(5, record={"atlas": "lab"})
    assert compare(annotated(1), far).heading == "default/GSE1 v1 -> lab/GSE1 v5"


# -- hostile and odd names


def test_hostile_names_stay_text() -> None:
    elements = {
        f"obs/{HOSTILE}": column({HOSTILE: 3}, "a"),
        f"uns/{HOSTILE}": Element(kind="scalar", dtype="str", shape=(), hash="1", preview=HOSTILE),
    }
    new = annotated(
        2,
        {**elements, "obs/x": column({HOSTILE: 2, "b": 1}, "b")},
        metadata={HOSTILE: HOSTILE, "k": HOSTILE},
        record={"dataset_id": HOSTILE, "data_format": HOSTILE, "data_type": HOSTILE},
        problems=[HOSTILE],
        x_looks_like=HOSTILE,
        var_names_kind=HOSTILE,
        counts_in=HOSTILE,
    )
    old = annotated(1, {"obs/x": column({"b": 3}, "a")}, metadata={"k": 1})
    diff = compare(old, new)
    html = diff._repr_html_()
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    for text in (str(diff), html):
        assert all(char.isprintable() or char == "\n" for char in text)
    assert HOSTILE.split("\n")[0] in Table.of(diff).text
    assert len(str(diff).split("\n")) == len(diff.summary().split("\n")) + 1


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_name_is_one_line_and_escaped(name: str, label: str) -> None:
    old = annotated(1, {"obs/x": column({"b": 3}, "a")})
    new = annotated(2, {"obs/x": column({label: 3}, "c"), f"obs/c{name}": column({"a": 1})})
    diff = compare(old, new)
    assert len(diff.summary().split("\n")) == 2
    Table.of(diff)


def test_unicode_names_are_shown_as_they_are() -> None:
    new = annotated(2, {"obs/Zelltyp_ä 🧬": column({"é": 3})})
    assert told(annotated(1), new) == ["+1 obs column `Zelltyp_ä 🧬` (1 category)"]


def test_html_is_an_accessible_table_in_the_page_s_colours() -> None:
    html = compare(annotated(1), annotated(2, obs=("c1",), var=("g1", "g2", "g3")))._repr_html_()
    assert "<caption" in html
    assert 'scope="rowgroup"' in html
    assert ">+ added<" in html
    assert ">− removed<" in html
    assert "var(--jp-border-color2, #8884)" in html
    assert "color:inherit" in html


def test_infinite_statistics_are_json() -> None:
    odd = Element(kind="array", dtype="float64", shape=(3,), hash="b", max=float("inf"))
    new = annotated(2, {"obs/x": odd})
    assert compare(annotated(1), new).to_dict()["elements"]["added"]["obs/x"]["max"] is None


# -- names


def with_names(side: Side, obs: list[str]) -> Side:
    return Side(side.version, side.summary, side.names, None, lambda axis: obs)


def test_lists_of_names_need_one_side_only() -> None:
    old, new = annotated(1), annotated(2, obs=("x", "c2", "y"))
    diff = compare(old, with_names(new, ["x", "c2", "y"]))
    assert diff.added() == ["x", "y"]
    with pytest.raises(Invalid, match="cannot be loaded"):
        diff.removed()
    assert diff.added("var") == []


@given(NAMES, NAMES, st.booleans())
def test_lists_of_names_are_those_of_multisets(
    old: list[str], new: list[str], hashes_known: bool
) -> None:
    a, b = (annotated(n, obs=tuple(names)) for n, names in ((1, old), (2, new)))
    a, b = with_names(a, old), with_names(b, new)
    if not hashes_known:
        a, b = (Side(s.version, s.summary, None, None, s.open_names) for s in (a, b))
    diff = compare(a, b)
    assert Counter(diff.added()) == Counter(new) - Counter(old)
    assert Counter(diff.removed()) == Counter(old) - Counter(new)


def test_long_lists_are_cut_with_a_note() -> None:
    many = [f"n{i}" for i in range(1_500)]
    new = with_names(annotated(2, obs=tuple(many)), many)
    diff = compare(annotated(1), new)
    short: Any = diff.added(limit=2)
    assert short == ["n0", "n1"]
    assert short.total == 1_500
    assert repr(short) == "['n0', 'n1', … and 1,498 more: limit=None lists them]"
    assert len(diff.added(limit=None)) == 1_500
    with pytest.raises(Invalid, match="negative"):
        diff.added(limit=-1)


def test_an_axis_that_is_not_there() -> None:
    with pytest.raises(Invalid, match="It is 'obs' or 'var'"):
        compare(annotated(1), annotated(2)).added("columns")
    with pytest.raises(Invalid, match="no names"):
        compare(Side(version(1), Summary()), Side(version(2), Summary())).added("obs")


# -- cost


def test_comparing_a_million_names_costs_less_than_one_pass_of_unique() -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, size=1_050_000, dtype=np.uint64)
    sides = []
    for seq, part in ((1, hashes[:1_000_000]), (2, hashes[50_000:])):
        names = Element(kind="strings", shape=(1_000_000,), hash=str(seq))
        summary = Summary(kind="anndata", n_obs=1_000_000, elements={"obs_names": names})
        sides.append(Side(version(seq), summary, Names(np.sort(part).tobytes())))

    def took(call: Any) -> float:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    obs = compare(*sides).to_dict()["obs"]
    assert (obs["added"], obs["removed"], obs["kept"]) == (50_000, 50_000, 950_000)
    ours = min(took(lambda: compare(*sides)) for _ in range(5))
    reference = min(took(lambda: np.unique(hashes)) for _ in range(5))
    assert ours < reference


def test_comparing_imports_no_heavy_library() -> None:
    code = (
        "import sys\n"
        "from omicshelf.catalog.diff import Side, compare\n"
        "from omicshelf.records import Summary, VersionRecord\n"
        "v = [VersionRecord(version_id=str(n), atlas='a', dataset_id='d', seq=n, data_type='t',\n"
        "     created_at=0) for n in (1, 2)]\n"
        "compare(*(Side(x, Summary()) for x in v))._repr_html_()\n"
        "assert not {'pandas', 'anndata', 'scipy', 'pyarrow', 'scanpy'} & set(sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
