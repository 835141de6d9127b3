"""Tables: dialects, facts, loading and writing."""

from __future__ import annotations

import gzip
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omicshelf.errors import Invalid, MissingDependency
from omicshelf.formats import registry, table_text
from omicshelf.formats.base import LoadRequest
from omicshelf.formats.table_facts import BATCH_ROWS
from omicshelf.formats.table_text import unique_names

CLINICAL = (
    "patient,age,arm,response,weight\n"
    "P1,61,a,true,70.5\nP2,45,b,false,\nP3,61,a,true,81\nP4,NA,b,false,66.25\n"
)


def written(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return path


def summary_of(path: Path):
    _, fmt, _ = registry.infer_path(path)
    return fmt.inspect(path).summary


def load(path: Path, **wanted: object):
    _, fmt, _ = registry.infer_path(path)
    return fmt.load(path, LoadRequest(**wanted))  # type: ignore[arg-type]


def test_a_table_is_described(tmp_path: Path) -> None:
    summary = summary_of(written(tmp_path, CLINICAL))
    assert (summary.kind, summary.format) == ("table", "csv")
    assert (summary.n_rows, summary.n_columns) == (4, 5)
    age = summary.elements["columns/age"]
    assert (age.dtype, age.min, age.max, age.n_null) == ("float64", 45, 61, 1)
    assert age.mean == pytest.approx(167 / 3)
    arm = summary.elements["columns/arm"]
    assert (arm.dtype, arm.categories, arm.n_categories) == ("string", {"a": 2, "b": 2}, 2)
    assert summary.elements["columns/patient"].categories is None
    assert summary.elements["columns/patient"].n_categories == 4
    response = summary.elements["columns/response"]
    assert (response.dtype, response.categories) == ("bool", {"True": 2, "False": 2})
    assert summary.details == {
        "separator": "comma",
        "encoding": "utf-8",
        "line_ends": "LF",
        "lines_before_header": 0,
    }
    assert summary.problems == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("t.csv.gz", lambda t: t),
        ("t.csv", lambda t: t.replace("\n", "\r\n")),
        ("t.csv", lambda t: "\ufeff" + t),
        ("t.csv", lambda t: t.removesuffix("\n")),
        ("t.csv", lambda t: t.replace(",", ";")),
        ("t.csv", lambda t: t.replace(",", "\t")),
        ("t.csv", lambda t: "# exported 2026\n# by hand\n" + t),
        ("t.csv", lambda t: t.replace("P1", '"P1"')),
        ("t.tsv", lambda t: t.replace(",", "\t")),
        ("t.tab", lambda t: t.replace(",", "\t")),
        ("t.txt", lambda t: t.replace(",", "\t")),
        ("t.txt", lambda t: t),
        ("t.txt", lambda t: t.replace(",", "|")),
        ("t.maf", lambda t: "#version 2.4\t\t\t\t\n" + t.replace(",", "\t")),
        ("t.seg", lambda t: t.replace(",", "\t")),
        ("t.tsv.gz", lambda t: t.replace(",", "\t")),
    ],
)
def test_whatever_the_dialect_the_content_is_the_same(tmp_path: Path, name: str, change) -> None:
    expected = summary_of(written(tmp_path, CLINICAL))
    frame = load(written(tmp_path, CLINICAL))
    path = written(tmp_path, change(CLINICAL), name)
    found = summary_of(path)
    assert found.elements == expected.elements
    assert (found.n_rows, found.problems) == (4, [])
    pd.testing.assert_frame_equal(load(path), frame)


def test_utf_16_as_excel_exports_it(tmp_path: Path) -> None:
    path = written(tmp_path, CLINICAL.replace(",", "\t").encode("utf-16"), "t.txt")
    assert summary_of(path).n_rows == 4
    assert load(path).shape == (4, 5)


def test_latin_1_is_read_and_noted(tmp_path: Path) -> None:
    path = written(tmp_path, "dose µg,n\n5,1\nä,2\n".encode("latin-1"))
    summary = summary_of(path)
    assert "Latin-1" in summary.problems[0]
    assert "columns/dose µg" in summary.elements
    assert load(path).columns.tolist() == ["dose µg", "n"]


def test_latin_1_far_into_the_file_is_noticed_too(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,b\n" + b"x,1\n" * 200_000 + b"\xb5,2\n")
    assert "Latin-1" in summary_of(path).problems[0]
    assert load(path)["a"].iloc[-1] == "µ"


def test_a_header_behind_a_hash_is_a_header(tmp_path: Path) -> None:
    path = written(tmp_path, "#chrom\tstart\nchr1\t5\n", "t.tsv")
    assert list(summary_of(path).elements) == ["columns/#chrom", "columns/start"]
    assert load(path).columns.tolist() == ["#chrom", "start"]


def test_numbers_are_read_to_the_last_bit(tmp_path: Path) -> None:
    path = written(tmp_path, "p,q\n8.5344e-137,0.00849999999999997\n")
    assert load(path).iloc[0].tolist() == [8.5344e-137, 0.00849999999999997]
    assert summary_of(path).elements["columns/p"].max == 8.5344e-137


def test_names_that_occur_twice_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b,a,a\n1,2,3,4\n")
    summary = summary_of(path)
    assert [name.removeprefix("columns/") for name in summary.elements] == load(
        path
    ).columns.tolist()
    assert "same name: 'a'" in summary.problems[0]


@given(st.lists(st.sampled_from(["a", "a.1", "b", "", "a.1.1"]), min_size=1, max_size=7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_repeated_names_are_those_of_pandas(tmp_path: Path, names: list[str]) -> None:
    path = written(tmp_path, ",".join(names) + ",z\n" + ",".join("1" * len(names)) + ",1\n")
    assert unique_names([*names, "z"]) == pd.read_csv(path).columns.tolist()


def test_short_rows_are_filled_up_and_told(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b,c\n1,2,3\n4,5\n7\n")
    summary = summary_of(path)
    assert summary.n_rows == 3
    assert summary.elements["columns/c"].n_null == 2
    assert summary.elements["columns/a"].max == 7
    assert "2 rows have fewer cells" in summary.problems[0]
    assert load(path)["c"].isna().sum() == 2


def test_long_rows_are_told_and_refused_with_their_line(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1,2\n3,4,5,6\n7,8\n")
    summary = summary_of(path)
    assert summary.n_rows == 3
    assert "1 row has more than the 2 cells" in summary.problems[0]
    with pytest.raises(Invalid, match="line 3") as caught:
        load(path)
    assert "on_bad_lines='skip'" in (caught.value.detail or "")


def test_row_names_of_r_are_no_column(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\nr1,1,2\nr2,3,4\n")
    summary = summary_of(path)
    assert (summary.n_columns, summary.details["row_names"]) == (2, True)
    assert summary.elements["columns/b"].max == 4
    assert load(path).index.tolist() == ["r1", "r2"]


def test_line_breaks_inside_quotes(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,note\n1,"two\nlines, one cell"\n2,x\n')
    assert summary_of(path).n_rows == 2
    assert load(path).shape == (2, 2)


def test_a_first_line_of_numbers_is_suspected(tmp_path: Path) -> None:
    path = written(tmp_path, "7,1.5,x\n8,2.5,y\n")
    assert "may be data" in summary_of(path).problems[0]
    assert load(path, options={"header": None}).shape == (2, 3)


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n")
    summary = summary_of(path)
    assert (summary.n_rows, summary.n_columns, summary.problems) == (0, 2, [])
    assert load(path).shape == (0, 2)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00\x01\x02\x00"])
def test_what_is_no_table_is_kept_with_a_problem(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    summary = summary_of(path)
    assert summary.kind == "file"
    assert len(summary.problems) == 1
    with pytest.raises(Invalid) as caught:
        load(path)
    assert caught.value.detail


def test_a_git_lfs_pointer_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 12\n")
    assert "Git LFS pointer of 12 bytes" in summary_of(path).problems[0]


def test_text_that_is_no_table(tmp_path: Path) -> None:
    path = written(tmp_path, "Dear colleague,\nplease find the data below.\nRegards\n", "t.txt")
    summary = summary_of(path)
    assert (summary.kind, summary.problems) == ("file", [])
    with pytest.raises(Invalid, match="is text, and not a table") as caught:
        load(path)
    assert ".path()" in (caught.value.detail or "")


def test_a_damaged_gzip_is_a_problem_and_not_loaded(tmp_path: Path) -> None:
    path = written(tmp_path, CLINICAL * 1000, "t.csv.gz")
    path.write_bytes(path.read_bytes()[:-30])
    assert summary_of(path).problems
    with pytest.raises(Invalid, match="damaged gzip"):
        load(path)


def test_types_become_wider_as_values_come(tmp_path: Path) -> None:
    n = 3_000_000  # more than one block of 16 MB
    path = written(tmp_path, "a,b,c\n" + "1,2,3\n" * n + "x,2.5,4\n")
    elements = summary_of(path).elements
    assert [elements[f"columns/{c}"].dtype for c in "abc"] == ["string", "float64", "int64"]
    assert elements["columns/a"].categories == {"1": n, "x": 1}
    assert (elements["columns/a"].min, elements["columns/b"].max) == (None, 2.5)


def test_memory_stays_bounded(tmp_path: Path) -> None:
    import subprocess

    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.write(b"id,a,b,c\n")
        block = b"".join(b"sample%d,%d,0.25,text\n" % (i, i) for i in range(100_000))
        for _ in range(100):
            file.write(block)
    assert path.stat().st_size > 250e6
    script = (
        "import resource, pathlib, pandas, pyarrow.csv\n"
        "from omicshelf.formats import registry\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"s = registry.get('csv').inspect(pathlib.Path({str(path)!r})).summary\n"
        "assert s.n_rows == 10_000_000, s.n_rows\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 250_000  # kB


cells = st.one_of(
    st.sampled_from(["", "NA", "nan", "1", "0", "-3", "2.5", "1e5", "true", "False", "x", "x y"]),
    st.integers(-(10**6), 10**6).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=12))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_types_and_missing_values_are_those_of_pandas(tmp_path: Path, rows) -> None:
    path = written(tmp_path, "p,q\n" + "".join(f"{a},{b}\n" for a, b in rows))
    frame, summary = pd.read_csv(path), summary_of(path)
    assert summary.n_rows == len(frame)
    for name, series in frame.items():
        element = summary.elements[f"columns/{name}"]
        assert element.n_null == series.isna().sum()
        dtype = str(series.dtype)
        if dtype in ("int64", "float64"):
            assert element.dtype == dtype
            if series.notna().any():
                np.testing.assert_allclose(element.max, series.max())


@pytest.mark.parametrize("as_", [None, "pandas", "polars", "arrow"])
def test_a_table_loads_as(tmp_path: Path, as_: str | None) -> None:
    table = load(written(tmp_path, CLINICAL), as_=as_)
    module = {None: "pandas", "arrow": "pyarrow"}.get(as_, as_)
    assert type(table).__module__.split(".")[0] == module
    assert table.shape == (4, 5)


def test_rows_and_columns_that_are_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, CLINICAL)
    frame = load(path, obs="age > 50 and arm == 'a'", obs_columns=["weight", "patient"])
    assert frame.to_dict("list") == {"weight": [70.5, 81.0], "patient": ["P1", "P3"]}
    assert load(path, obs=[2, 0])["patient"].tolist() == ["P3", "P1"]
    assert load(path, obs=[True, False, False, True]).shape == (2, 5)


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ({"obs_columns": ["Age"]}, "no column 'Age'"),
        ({"obs": "@__import__('os')"}, "refers to Python objects"),
        ({"as_": "xlsx"}, "as_='xlsx'"),
        ({"var": ["x"]}, "rows and columns only"),
        ({"lazy": True}, "rows and columns only"),
    ],
)
def test_what_a_table_has_not_is_refused(tmp_path: Path, asked: dict, title: str) -> None:
    with pytest.raises(Invalid, match=title) as caught:
        load(written(tmp_path, CLINICAL), **asked)
    assert caught.value.detail


def test_without_polars_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingDependency, match="polars is not installed"):
        load(written(tmp_path, CLINICAL), as_="polars")


# --- Parquet


PARQUET = registry.get("parquet")


def example(n: int = 50) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "n": rng.integers(0, 9, n),
            "label": [f"L{i % 4}" for i in range(n)],
            "kind": pd.Categorical(["u", "v"] * (n // 2)),
            "when": pd.date_range("2024", periods=n, freq="min"),
            "flag": [True, False] * (n // 2),
            "maybe": pd.array([1, None] * (n // 2), dtype="Int64"),
        },
        index=[f"r{i}" for i in range(n)],
    )
    frame.loc["r3", "x"] = np.nan
    return frame


def saved(obj: object, path: Path) -> Path:
    PARQUET.write(PARQUET.frozen_copy(obj), path)
    return path


def test_a_frame_comes_back_as_it_was(tmp_path: Path) -> None:
    frame = example()
    before = frame.copy()
    back = load(saved(frame, tmp_path / "t.parquet"))
    pd.testing.assert_frame_equal(back, frame)
    pd.testing.assert_frame_equal(frame, before)


def test_polars_and_arrow_are_written(tmp_path: Path) -> None:
    import polars
    import pyarrow as pa

    frame = polars.DataFrame({"a": [1, 2], "b": ["x", None]})
    path = saved(frame, tmp_path / "p.parquet")
    assert load(path, as_="polars").equals(frame)
    table = pa.table({"a": [1.5, None]})
    assert load(saved(table, tmp_path / "a.parquet"), as_="arrow").equals(table)


@pytest.mark.parametrize("n", [50, 2 * BATCH_ROWS + 10, 17 * BATCH_ROWS])
def test_memory_and_file_have_the_same_summary(tmp_path: Path, n: int) -> None:
    frozen = PARQUET.frozen_copy(example(n))
    PARQUET.write(frozen, tmp_path / "t.parquet")
    assert PARQUET.inspect_object(frozen) == PARQUET.inspect(tmp_path / "t.parquet")


def test_a_parquet_file_is_described(tmp_path: Path) -> None:
    summary = PARQUET.inspect(saved(example(), tmp_path / "t.parquet")).summary
    assert (summary.kind, summary.n_rows, summary.n_columns) == ("table", 50, 7)
    assert summary.details == {"index": ["__index_level_0__"]}
    elements = summary.elements
    assert (elements["columns/x"].n_null, elements["columns/x"].dtype) == (1, "float64")
    assert elements["columns/kind"].categories == {"u": 25, "v": 25}
    assert elements["columns/kind"].dtype == "category"
    assert elements["columns/flag"].categories == {"True": 25, "False": 25}
    assert elements["columns/when"].dtype == "timestamp[ns]"
    assert elements["columns/maybe"].n_null == 25


@pytest.mark.parametrize(
    ("frame", "title"),
    [
        (pd.DataFrame({0: [1], "a": [2]}), "column name 0 has the type int"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "2 columns are named 'a'"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "has levels"),
        (pd.DataFrame({"a": [1, "x"]}), "column 'a' cannot be written"),
    ],
)
def test_what_parquet_cannot_hold_is_named(frame: pd.DataFrame, title: str) -> None:
    with pytest.raises(Invalid, match=title) as caught:
        PARQUET.frozen_copy(frame)
    assert caught.value.detail


def test_a_file_that_is_no_parquet_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path, b"content", "t.parquet")
    assert "cannot be read as Parquet" in PARQUET.inspect(path).summary.problems[0]
    with pytest.raises(Invalid, match="cannot be read as Parquet"):
        load(path)


# --- Excel


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    pytest.importorskip("openpyxl")
    path = tmp_path / "t.xlsx"
    with pd.ExcelWriter(path) as writer:
        pd.DataFrame({"a": [1, 2], "b": ["x", 3]}).to_excel(writer, sheet_name="first", index=False)
        pd.DataFrame({"c": [9]}).to_excel(writer, sheet_name="Q&A", index=False)
    return path


def test_a_workbook_is_described_and_loaded(workbook: Path) -> None:
    summary = summary_of(workbook)
    assert summary.details == {"sheets": ["first", "Q&A"]}
    assert (summary.n_rows, summary.n_columns, summary.format) == (2, 2, "xlsx")
    assert load(workbook)["a"].tolist() == [1, 2]
    assert load(workbook, options={"sheet": "Q&A"})["c"].tolist() == [9]
    assert load(workbook, options={"sheet": 1})["c"].tolist() == [9]
    with pytest.raises(Invalid, match="no sheet 'third'") as caught:
        load(workbook, options={"sheet": "third"})
    assert caught.value.detail == "Its sheets are 'first', 'Q&A'."


def test_a_workbook_is_recognised(workbook: Path, tmp_path: Path) -> None:
    fmt = registry.get("xlsx")
    assert fmt.recognises(workbook.read_bytes()[:4096], workbook) is True
    other = tmp_path / "o.xlsx"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "x")
    assert fmt.recognises(other.read_bytes(), other) is False
    assert "is not an Excel workbook" in fmt.inspect(other).summary.problems[0]


def test_a_zip_bomb_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("xl/workbook.xml", "<sheet name='a'/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member:
            for _ in range(600):
                member.write(bytes(1 << 20))
    assert "no plausible workbook" in summary_of(path).problems[0]
    with pytest.raises(Invalid, match="no plausible workbook"):
        load(path)


def test_without_openpyxl_it_is_named(workbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingDependency) as caught:
        load(workbook)
    assert "omicshelf[excel]" in (caught.value.detail or "")
    assert summary_of(workbook).details == {"sheets": ["first", "Q&A"]}


def test_the_words_for_missing_are_those_of_pandas() -> None:
    from pandas._libs.parsers import STR_NA_VALUES

    assert set(table_text.MISSING) == set(STR_NA_VALUES)
