"""Real tables, matrices and variant calls against what independent tools found in them.

``verdicts.tsv`` says of each file what becomes of it:

====== ==========================================================================
load   it loads, and its summary has no problem
flag   it is kept, and ``reason`` is in a problem of its summary
keep   it is kept as bytes; ``load`` says that it cannot be loaded, with ``reason``
refuse it cannot be what its name says; ``check`` says why, with ``reason``
====== ==========================================================================

``load`` is how it loads: ``yes``, ``no``, ``dataframe`` (only so), or ``no header`` (a table
whose first line is data: as itself only with ``header=None``).
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from omicshelf.errors import Invalid
from omicshelf.formats import registry, worker
from omicshelf.formats.base import Format, LoadRequest
from suite import DATA, EXPECTED, VERDICTS

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not EXPECTED, reason="no folder of real files: set CONFORMANCE"),
]

TABLES = {"csv", "tsv", "txt", "maf", "seg"}
DTYPES = {"object": "string", "str": "string"}


def of(*formats: str) -> list[str]:
    return [
        name
        for name, row in VERDICTS.items()
        if row["format"].removesuffix("+gzip") in formats and row["verdict"] != "refuse"
    ]


def found(name: str) -> tuple[str, Format, Path]:
    path = DATA / name
    data_format, fmt, _ = registry.infer_path(path)
    return data_format, fmt, path


def load(name: str, **wanted: Any) -> Any:
    _, fmt, path = found(name)
    return fmt.load(path, LoadRequest(**wanted))


def test_every_file_has_a_verdict() -> None:
    assert set(VERDICTS) == set(EXPECTED)
    assert len(VERDICTS) == 264


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict_holds(name: str) -> None:
    row = VERDICTS[name]
    data_format, _, path = found(name)
    assert data_format == row["format"]
    if row["verdict"] == "refuse":
        with pytest.raises(Invalid, match=re.escape(row["reason"])) as caught:
            worker.check_file(path, data_format)
        assert caught.value.detail
        return
    worker.check_file(path, data_format)
    summary = worker.inspect_file(path, data_format).summary
    assert summary.format == data_format
    if row["verdict"] == "flag":
        assert any(row["reason"] in problem for problem in summary.problems), summary.problems
    else:
        assert summary.problems == []
    if row["load"] == "no":
        with pytest.raises(
            Invalid, match=re.escape(row["reason"]) if row["verdict"] == "keep" else ""
        ) as caught:
            load(name)
        assert caught.value.detail
    elif row["load"] == "dataframe":
        with pytest.raises(Invalid):
            load(name)
        assert load(name, as_="dataframe") is not None
    else:
        assert load(name) is not None


@pytest.mark.parametrize("name", of(*TABLES))
def test_a_table_has_the_facts(name: str) -> None:
    expected, how = EXPECTED[name], VERDICTS[name]["load"]
    if how == "no":
        assert expected.get("kind") == "key-value" or expected["cols"] == 1
        return
    frame = load(name, options={"header": None} if how == "no header" else {})
    assert frame.shape == (expected["rows"], expected["cols"])
    columns = [str(column) for column in frame.columns]
    assert columns[: len(expected["columns"])] == expected["columns"]
    assert int(frame.isna().sum().sum()) == expected["missing_cells"]
    frame.columns = pd.Index(columns)
    for column, total in expected["numeric_col_sums"].items():
        assert same(frame[column].sum(), float(total)), column
    if how == "yes":
        agrees(name, frame)


def agrees(name: str, frame: pd.DataFrame) -> None:
    """Compare the summary, which never loads the table, with the loaded one."""
    _, fmt, path = found(name)
    summary = fmt.inspect(path).summary
    assert (summary.n_rows, summary.n_columns) == frame.shape
    assert [key.removeprefix("columns/") for key in summary.elements] == frame.columns.tolist()
    for column, series in frame.items():
        element = summary.elements[f"columns/{column}"]
        assert element.n_null == series.isna().sum()
        assert element.dtype == DTYPES.get(str(series.dtype), str(series.dtype))
        if element.categories is not None and element.n_categories == len(element.categories):
            counts = series.value_counts().to_dict()
            assert element.categories == {str(k)[:200]: n for k, n in counts.items()}
        if element.max is not None:
            assert (element.min, element.max) == (series.min(), series.max())
            assert same(element.mean, series.mean())


def same(left: Any, right: float) -> bool:
    if not math.isfinite(right):
        return repr(float(left)) == repr(float(right))
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("name", of("gct", "gctx"))
def test_a_matrix_has_the_facts(name: str) -> None:
    expected = EXPECTED[name]
    _, fmt, path = found(name)
    gct, summary = load(name), fmt.inspect(path).summary
    values = gct.data_df.to_numpy(dtype=float)
    if "pandas_shape_with_id_desc" in expected:  # ids that occur twice: cmapPy refuses it
        rows, columns = expected["pandas_shape_with_id_desc"]
        assert gct.data_df.shape == (rows, columns - 2)
        assert same(values.sum(), expected["pandas_sum"])
        assert summary.duplicate_var_names == rows - gct.data_df.index.nunique()
        return
    assert list(gct.data_df.shape) == expected["shape"]
    assert gct.row_metadata_df.shape[1] == expected["row_meta_n"]
    assert gct.col_metadata_df.shape[1] == expected["col_meta_n"]
    assert gct.data_df.index[:3].tolist() == expected["rid3"]
    assert gct.data_df.columns[:3].tolist() == expected["cid3"]
    assert np.isnan(values).sum() == expected["nan"]
    # cmapPy, which found these facts, rounds to single precision.
    total = np.nansum(values.astype(np.float32), dtype=float)
    assert math.isclose(total, expected["sum"], rel_tol=1e-6)
    assert (summary.n_vars, summary.n_obs) == gct.data_df.shape
    assert summary.elements["X"].n_null == np.isnan(values).sum()
    assert summary.details["row_metadata"] == list(gct.row_metadata_df.columns)
    assert load(name, as_="anndata").shape == (summary.n_obs, summary.n_vars)


@pytest.mark.parametrize("name", of("gct"))
def test_a_matrix_keeps_its_content_when_it_is_saved(name: str, tmp_path: Path) -> None:
    _, fmt, path = found(name)
    frozen = fmt.frozen_copy(load(name))
    fmt.write(frozen, tmp_path / "again.gct")
    digests = {
        fmt.inspect(path).digest,
        fmt.inspect(tmp_path / "again.gct").digest,
        fmt.inspect_object(frozen).digest,  # type: ignore[union-attr]
    }
    assert len(digests) == 1


@pytest.mark.parametrize("name", of("gct"))
def test_a_matrix_has_the_tables_of_cmappy(name: str) -> None:
    parse = pytest.importorskip("cmapPy.pandasGEXpress.parse")
    if "cmapPy_error" in EXPECTED[name]:
        with pytest.raises(Exception, match="unique"):
            parse.parse(str(DATA / name))
        return
    ours, theirs = load(name), parse.parse(str(DATA / name))
    pd.testing.assert_frame_equal(ours.row_metadata_df, theirs.row_metadata_df)
    pd.testing.assert_frame_equal(ours.col_metadata_df, theirs.col_metadata_df)
    pd.testing.assert_frame_equal(ours.data_df.astype(np.float32), theirs.data_df)


@pytest.mark.parametrize("name", of("gctx"))
def test_a_gctx_has_the_tables_of_cmappy(name: str) -> None:
    parse = pytest.importorskip("cmapPy.pandasGEXpress.parse")
    ours, theirs = load(name), parse.parse(str(DATA / name))
    pd.testing.assert_frame_equal(ours.row_metadata_df, theirs.row_metadata_df)
    pd.testing.assert_frame_equal(ours.col_metadata_df, theirs.col_metadata_df)
    pd.testing.assert_frame_equal(ours.data_df.astype(np.float32), theirs.data_df)


@pytest.mark.parametrize("name", of("vcf", "bcf"))
def test_variant_calls_have_the_facts(name: str) -> None:
    expected = EXPECTED[name]
    _, fmt, path = found(name)
    summary = fmt.inspect(path).summary
    if not expected["bcftools_ok"]:
        assert summary.problems, "bcftools refuses it"
        if summary.kind == "variants":
            assert summary.n_rows == expected["naive"]["n_nonheader_lines"]
        return
    details, elements = summary.details, list(summary.elements)
    assert summary.n_rows == expected["n_records_bcftools"]
    assert details["n_samples"] == expected["n_samples"]
    assert details["samples"][:3] == expected["samples_first3"]
    assert details["records_by_contig"] == expected["contigs"]
    assert f"##fileformat={details['fileformat']}" == expected["fileformat"]
    assert details["annotations"] == expected["annotation"]
    assert sum(key.startswith("INFO/") for key in elements) == expected["n_info_fields"]
    assert sum(key.startswith("FORMAT/") for key in elements) == expected["n_format_fields"]
    calls = load(name)
    assert list(calls.samples)[:3] == expected["samples_first3"]
    assert sum(1 for _ in calls) == expected["n_records_bcftools"]
    frame = load(name, as_="dataframe")
    assert len(frame) == expected["n_records_bcftools"]
    if expected["first_variant"]:
        first = frame[["CHROM", "POS", "REF", "ALT"]].astype(str).iloc[0]
        assert first.tolist() == expected["first_variant"]
