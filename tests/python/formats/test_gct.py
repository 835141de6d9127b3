"""GCT and GCTX: reading, writing, and the content that both have."""

from __future__ import annotations

import gzip
import time
import warnings
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omicshelf.errors import Invalid
from omicshelf.formats import registry
from omicshelf.formats.base import LoadRequest
from omicshelf.formats.gct import Gct, GctFormat, GctxFormat

GCT, GCTX = GctFormat(), GctxFormat()

SMALL = (
    "#1.3\n2\t3\t1\t2\nid\tsymbol\ts1\ts2\ts3\n"
    "dose\tna\t0.1\t10\t-666\ncell\tna\tA375\tMCF7\tA375\n"
    "g1\tTP53\t1.5\t-2\tNA\ng2\tNA\t0.1\t1e-300\t\n"
)


def written(tmp_path: Path, text: str, name: str = "m.gct") -> Path:
    path = tmp_path / name
    data = text.encode()
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return path


def example(n_rows: int = 30, n_columns: int = 8, seed: int = 0) -> Gct:
    rng = np.random.default_rng(seed)
    rids = [f"g{i}" for i in range(n_rows)]
    cids = [f"s{i}" for i in range(n_columns)]
    values = rng.normal(size=(n_rows, n_columns))
    values[0, 0] = np.nan
    return Gct(
        pd.DataFrame(values, index=rids, columns=cids),
        pd.DataFrame(
            {"symbol": [f"S{i % 7}" for i in range(n_rows)], "length": rng.integers(1, 99, n_rows)},
            index=rids,
        ),
        pd.DataFrame(
            {"dose": rng.normal(size=n_columns), "arm": ["a", "b"] * (n_columns // 2)}, index=cids
        ),
    )


def saved(gct: object, path: Path) -> Path:
    GCT.write(GCT.frozen_copy(gct), path)
    return path


def load(path: Path, **wanted: object):
    return GCT.load(path, LoadRequest(**wanted))  # type: ignore[arg-type]


def test_values_ids_and_metadata_are_read(tmp_path: Path) -> None:
    gct = load(written(tmp_path, SMALL))
    assert list(gct.data_df.index) == ["g1", "g2"]
    assert list(gct.data_df.columns) == ["s1", "s2", "s3"]
    assert gct.data_df.dtypes.unique() == [np.float64]
    np.testing.assert_array_equal(gct.data_df, [[1.5, -2, np.nan], [0.1, 1e-300, np.nan]])
    assert gct.row_metadata_df["symbol"].tolist()[0] == "TP53"
    assert pd.isna(gct.row_metadata_df["symbol"].iloc[1])
    np.testing.assert_array_equal(gct.col_metadata_df["dose"], [0.1, 10, np.nan])
    assert gct.col_metadata_df["cell"].tolist() == ["A375", "MCF7", "A375"]
    assert (gct.data_df.index.name, gct.data_df.columns.name) == ("rid", "cid")
    assert (gct.row_metadata_df.index.name, gct.row_metadata_df.columns.name) == ("rid", "rhd")
    assert (gct.col_metadata_df.index.name, gct.col_metadata_df.columns.name) == ("cid", "chd")
    assert gct.version == "GCT1.3"


def test_version_1_2_has_a_description(tmp_path: Path) -> None:
    path = written(tmp_path, "#1.2\n1\t2\nNAME\tDescription\ts1\ts2\ng1\tp53\t1\t2\n")
    gct = load(path)
    assert gct.version == "GCT1.2"
    assert gct.row_metadata_df.to_dict() == {"Description": {"g1": "p53"}}
    assert gct.col_metadata_df.shape == (2, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.removesuffix("\n"),
        lambda text: text + "\n\n",
        lambda text: "\ufeff" + text,
        lambda text: text.replace("TP53", '"TP53"').replace("\tcell", '\t"cell"'),
        lambda text: text.replace("1.5", "+1.5").replace("-2", " -2 "),
        lambda text: "".join(f"{line}\t\n" for line in text.splitlines()[2:]).join(
            [text.split("id\t", 1)[0], ""]
        ),
    ],
    ids=["CRLF", "no end", "blank lines", "BOM", "quotes", "signs and spaces", "tabs at the end"],
)
def test_other_ways_to_write_the_same(tmp_path: Path, change) -> None:
    expected = GCT.inspect(written(tmp_path, SMALL))
    found = GCT.inspect(written(tmp_path, change(SMALL), "other.gct"))
    assert found.digest == expected.digest
    assert found.summary == expected.summary


def test_ids_are_text_whatever_they_look_like(tmp_path: Path) -> None:
    path = written(tmp_path, "#1.2\n2\t2\nNAME\tDescription\t01\t2.0\n7157\tx\t1\t2\nNA\ty\t3\t4\n")
    gct = load(path)
    assert gct.data_df.index.tolist() == ["7157", "NA"]
    assert gct.data_df.columns.tolist() == ["01", "2.0"]


def test_a_value_of_minus_666_is_missing_and_told(tmp_path: Path) -> None:
    text = "#1.2\n1\t2\nNAME\tDescription\ts1\ts2\ng1\t-666\t{}\t2\n"
    path = written(tmp_path, text.format(-666))
    with pytest.warns(UserWarning, match="loaded as NaN: 1 times"):
        gct = load(path)
    assert np.isnan(gct.data_df.iloc[0, 0])
    kept = GctFormat().load(path, LoadRequest(options={"convert_neg_666": False}))
    assert kept.data_df.iloc[0].tolist() == [-666.0, 2.0]
    found = GctFormat().inspect(path)
    assert found.summary.elements["X"].n_null == 1
    (tmp_path / "nan.gct").write_text(text.format("NaN"))
    assert GctFormat().inspect(tmp_path / "nan.gct").digest == found.digest
    assert np.isnan(gct.row_metadata_df["Description"].iloc[0])


def test_latin_1_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.gct"
    path.write_bytes("#1.2\n1\t1\nNAME\tDescription\tµM\ng1\tß-actin\t1\n".encode("latin-1"))
    gct = load(path)
    assert gct.data_df.columns.tolist() == ["µM"]
    assert gct.row_metadata_df["Description"].tolist() == ["ß-actin"]


def test_a_lone_quote_is_a_character(tmp_path: Path) -> None:
    text = '#1.2\n2\t1\nNAME\tDescription\ts1\ng1\t"5 prime\t1\ng2\t3" end\t2\n'
    gct = load(written(tmp_path, text))
    assert gct.row_metadata_df["Description"].tolist() == ['"5 prime', '3" end']


def test_lines_longer_than_a_megabyte(tmp_path: Path) -> None:
    n = 150_000
    header = "\t".join(f"s{i}" for i in range(n))
    row = "\t".join(["0.123456789"] * n)
    gct = load(
        written(tmp_path, f"#1.2\n2\t{n}\nNAME\tDescription\t{header}\na\tx\t{row}\nb\ty\t{row}\n")
    )
    assert gct.data_df.shape == (2, n)
    assert (gct.data_df.to_numpy() == 0.123456789).all()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", "is empty"),
        ("id\ts1\ng1\t2\n", "first line is 'id"),
        ("#1.1\n1\t1\n", "first line is '#1.1'"),
        ("#1.3\n1\t1\n", "line 2 is '1 1'"),
        ("#1.2\none\t1\n", "line 2 is 'one 1'"),
        ("#1.2\n1\t2\nNAME\tDescription\ts1\ng1\tx\t1\n", "line 3 has 3 columns.*announces 4"),
        ("#1.2\n2\t1\nNAME\tDescription\ts1\ng1\tx\t1\n", "cut short: it has 1 rows.*announces 2"),
        ("#1.2\n1\t1\nNAME\tDescription\ts1\ng1\tx\t1\ng2\tx\t1\n", "has more: it has 2 rows"),
        ("#1.2\n2\t1\nNAME\tDescription\ts1\ng1\tx\t1\ng2\tx\n", "line 5 has 2 cells.*announces 3"),
        ("#1.2\n2\t1\nNAME\tDescription\ts1\ng1\tx\t1\ng2\tx\t1\t7\n", "line 5 has 4 cells"),
        ("#1.2\n1\t1\nNAME\tDescription\ts1\ng1\tx\t1,5\n", "line 4, row 'g1'.*'s1' holds '1,5'"),
        ("#1.3\n1\t1\t0\t1\nid\ts1\nage\ng1\t1\n", "line 4 has 1 cells"),
        ("#1.2\n1\t1\nNAME\tDescription\ts1\n", "it has 0 rows"),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 12\n",
            "LFS pointer of 12",
        ),
        ("<!DOCTYPE html><html>", "first line is '<!DOCTYPE html><html>'"),
    ],
)
def test_what_is_no_gct_is_refused_with_its_line(tmp_path: Path, text: str, title: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(Invalid, match=title) as caught:
        load(path)
    assert caught.value.detail
    with pytest.raises(Invalid, match=title):
        GCT.inspect(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id\ts1\n",
        "#1.3\n1\t1\n",
        "#1.2\n2\t1\nNAME\tDescription\ts1\ng1\tx\t1\n",
        "version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 12\n",
    ],
)
def test_check_refuses_early(tmp_path: Path, text: str) -> None:
    with pytest.raises(Invalid):
        GCT.check(written(tmp_path, text))


def test_check_takes_what_can_be_loaded(tmp_path: Path) -> None:
    GCT.check(written(tmp_path, SMALL))
    GCT.check(written(tmp_path, SMALL.removesuffix("\n")))
    GCT.check(written(tmp_path, SMALL, "m.gct.gz"))


def test_binary_and_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.gct"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(Invalid, match="HDF5"):
        GCT.check(path)
    path = written(tmp_path, SMALL * 100, "m.gct.gz")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Invalid, match="damaged gzip"):
        load(path)


def test_repeated_ids_load_as_our_class_with_a_warning(tmp_path: Path) -> None:
    path = written(tmp_path, "#1.2\n2\t1\nNAME\tDescription\ts1\nNA\tx\t1\nNA\ty\t2\n")
    with pytest.warns(UserWarning, match="1 row id more than once"):
        gct = load(path)
    assert type(gct) is Gct
    assert gct.data_df["s1"].tolist() == [1, 2]
    assert GCT.inspect(path).summary.duplicate_var_names == 1
    assert load(path, as_="anndata").shape == (1, 2)


def test_without_cmappy_our_class_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cmapPy.pandasGEXpress.GCToo", None)
    gct = load(written(tmp_path, SMALL))
    assert type(gct) is Gct
    assert repr(gct) == "Gct(2 rows x 3 columns; 1 row and 2 column metadata fields)"


def test_with_cmappy_its_class_is_given(tmp_path: Path) -> None:
    gctoo = pytest.importorskip("cmapPy.pandasGEXpress.GCToo")
    assert type(load(written(tmp_path, SMALL))) is gctoo.GCToo


def test_tables_and_types_are_those_of_cmappy(tmp_path: Path) -> None:
    parse = pytest.importorskip("cmapPy.pandasGEXpress.parse")
    path = saved(example(), tmp_path / "m.gct")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = parse.parse(str(path))
    ours = load(path)
    pd.testing.assert_frame_equal(ours.row_metadata_df, oracle.row_metadata_df)
    pd.testing.assert_frame_equal(ours.col_metadata_df, oracle.col_metadata_df)
    pd.testing.assert_frame_equal(ours.data_df.astype(np.float32), oracle.data_df)


def test_reading_is_four_times_as_fast_as_cmappy(tmp_path: Path) -> None:
    parse = pytest.importorskip("cmapPy.pandasGEXpress.parse")
    path = saved(example(5000, 200), tmp_path / "m.gct")

    def seconds(read) -> float:
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read()
        return time.perf_counter() - start

    load(path)
    ours = min(seconds(lambda: load(path)) for _ in range(3))
    theirs = min(seconds(lambda: parse.parse(str(path))) for _ in range(2))
    assert ours < theirs / 4


def test_anndata_is_samples_by_features(tmp_path: Path) -> None:
    adata = load(written(tmp_path, SMALL), as_="anndata")
    assert adata.shape == (3, 2)
    assert adata.obs_names.tolist() == ["s1", "s2", "s3"]
    assert adata.var_names.tolist() == ["g1", "g2"]
    assert adata.obs["cell"].tolist() == ["A375", "MCF7", "A375"]
    assert adata.var["symbol"].tolist()[0] == "TP53"
    np.testing.assert_array_equal(adata.X[0], [1.5, 0.1])
    adata.write_h5ad(tmp_path / "m.h5ad")


def test_a_data_frame_is_features_by_samples(tmp_path: Path) -> None:
    frame = load(written(tmp_path, SMALL), as_="dataframe")
    assert frame.loc["g2", "s1"] == 0.1


@pytest.mark.parametrize("kind", ["gct", "gctx"])
def test_a_part_is_what_was_asked_for_in_this_order(tmp_path: Path, kind: str) -> None:
    gct = example()
    path = saved(gct, tmp_path / "m.gct") if kind == "gct" else gctx(gct, tmp_path / "m.gctx")
    fmt = registry.get(kind)
    asked = LoadRequest(
        as_="anndata", obs=["s5", "s2"], var=["g9", "g1", "g4"], obs_columns=["arm"]
    )
    adata = fmt.load(path, asked)
    assert adata.obs_names.tolist() == ["s5", "s2"]
    assert adata.var_names.tolist() == ["g9", "g1", "g4"]
    assert adata.obs.columns.tolist() == ["arm"]
    expected = gct.data_df.loc[["g9", "g1", "g4"], ["s5", "s2"]].to_numpy().T
    np.testing.assert_array_equal(adata.X, expected)
    by_query = fmt.load(path, LoadRequest(obs="arm == 'b' and dose > 0"))
    frame = gct.col_metadata_df
    assert (
        by_query.data_df.columns.tolist() == frame.query("arm == 'b' and dose > 0").index.tolist()
    )
    mask = np.array([True, False] * 4)
    by_mask = fmt.load(path, LoadRequest(obs=mask, var="g3"))
    np.testing.assert_array_equal(by_mask.data_df, gct.data_df.loc[["g3"], frame.index[mask]])
    by_position = fmt.load(path, LoadRequest(obs=[-1, 0]))
    assert by_position.data_df.columns.tolist() == ["s7", "s0"]


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ({"obs": ["s1", "S2"]}, "no name 'S2' in obs"),
        ({"obs": "colour == 'red'"}, "neither one of the obs names nor understood"),
        ({"obs": "__import__('os').system('true')"}, "refers to Python objects"),
        ({"obs": [True, False]}, "mask for obs has 2 values"),
        ({"obs": [99]}, "no position 99"),
        ({"var": ["g1", "TP53", "x"]}, "no name 'TP53' in var and 1 more"),
        ({"obs_columns": ["Arm"]}, "no obs column 'Arm'"),
        ({"as_": "sparse"}, "as_='sparse'"),
        ({"backed": True}, "backed, lazy and layers"),
        ({"layers": ["counts"]}, "backed, lazy and layers"),
    ],
)
def test_a_part_that_is_not_there_is_told(tmp_path: Path, asked: dict, title: str) -> None:
    path = saved(example(), tmp_path / "m.gct")
    with pytest.raises(Invalid, match=title) as caught:
        load(path, **asked)
    assert caught.value.detail


def test_near_misses_are_named(tmp_path: Path) -> None:
    path = saved(example(), tmp_path / "m.gct")
    with pytest.raises(Invalid) as caught:
        load(path, obs_columns=["Arm"])
    assert caught.value.detail == "Did you mean 'arm'?"


def test_writing_keeps_every_bit(tmp_path: Path) -> None:
    gct = example()
    extremes = [1 / 3, 5e-324, 1.7976931348623157e308, -0.0, np.inf, -np.inf, np.nan, 1e22]
    gct.data_df.iloc[1] = extremes
    back = load(saved(gct, tmp_path / "m.gct"))
    left, right = gct.data_df.to_numpy(), back.data_df.to_numpy()
    np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(np.signbit(left), np.signbit(right))
    pd.testing.assert_frame_equal(
        gct.row_metadata_df, back.row_metadata_df, check_names=False, check_exact=True
    )
    pd.testing.assert_frame_equal(
        gct.col_metadata_df, back.col_metadata_df, check_names=False, check_exact=True
    )


def test_the_written_file_is_gct_1_3(tmp_path: Path) -> None:
    gct = Gct(pd.DataFrame([[0.5, np.nan]], index=["g"], columns=["a", "b"]))
    assert saved(gct, tmp_path / "m.gct").read_text() == "#1.3\n1\t2\t0\t0\nid\ta\tb\ng\t0.5\tNaN\n"


def test_cmappy_reads_what_we_write(tmp_path: Path) -> None:
    parse = pytest.importorskip("cmapPy.pandasGEXpress.parse")
    gct = example()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        back = parse.parse(str(saved(gct, tmp_path / "m.gct")))
    np.testing.assert_array_equal(back.data_df, gct.data_df.astype(np.float32))


def test_text_that_looks_like_quotes_or_tabs_survives(tmp_path: Path) -> None:
    gct = example(2, 2)
    gct.row_metadata_df["note"] = ['"quoted" text', "a\ttab"]
    gct.col_metadata_df['he said "x"'] = ["5' end", '"']
    back = load(saved(gct, tmp_path / "m.gct"))
    assert back.row_metadata_df["note"].tolist() == ['"quoted" text', "a\ttab"]
    assert back.col_metadata_df['he said "x"'].tolist() == ["5' end", '"']


@pytest.mark.parametrize(
    ("spoil", "title"),
    [
        (lambda g: g.data_df.insert(0, "x", "text"), "'x' of data_df holds"),
        (lambda g: g.row_metadata_df.insert(0, "n", ["a\nb"] * 30), "'n' holds a line break"),
        (lambda g: setattr(g, "row_metadata_df", g.row_metadata_df[::-1]), "row metadata has not"),
        (lambda g: setattr(g.data_df, "index", [None, *range(29)]), "row id is missing"),
    ],
)
def test_what_a_gct_cannot_hold_is_named(spoil, title: str) -> None:
    gct = example()
    spoil(gct)
    with pytest.raises(Invalid, match=title) as caught:
        GCT.frozen_copy(gct)
    assert caught.value.detail


def test_writing_does_not_change_the_object(tmp_path: Path) -> None:
    gct = example()
    before = (gct.data_df.copy(), gct.row_metadata_df.copy(), gct.col_metadata_df.copy())
    saved(gct, tmp_path / "m.gct")
    for left, right in zip(
        before, (gct.data_df, gct.row_metadata_df, gct.col_metadata_df), strict=True
    ):
        pd.testing.assert_frame_equal(left, right)


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    gct = example()
    frozen = GCT.frozen_copy(gct)
    in_memory = GCT.inspect_object(frozen)
    path = saved(gct, tmp_path / "m.gct")
    packed = tmp_path / "m.gct.gz"
    packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    assert GCT.inspect(path) == in_memory
    assert GCT.inspect(packed) == in_memory
    again = saved(load(path), tmp_path / "again.gct")
    assert GCT.inspect(again).digest == in_memory.digest
    assert GCTX.inspect(gctx(gct, tmp_path / "m.gctx")).digest == in_memory.digest


def test_single_precision_of_short_decimals_is_the_same_content(tmp_path: Path) -> None:
    gct = example()
    gct.data_df = gct.data_df.round(4)
    single = Gct(gct.data_df.astype(np.float32), gct.row_metadata_df, gct.col_metadata_df)
    left, right = (GCT.inspect_object(GCT.frozen_copy(g)) for g in (gct, single))
    assert left.digest == right.digest


@pytest.mark.parametrize(
    "change",
    [
        lambda g: g.data_df.isetitem(3, g.data_df["s3"] + 1e-12),
        lambda g: (
            g.data_df.rename(index={"g1": "g1x"}, inplace=True)
            or g.row_metadata_df.rename(index={"g1": "g1x"}, inplace=True)
        ),
        lambda g: g.row_metadata_df.rename(columns={"symbol": "gene"}, inplace=True),
        lambda g: g.row_metadata_df.drop(columns="length", inplace=True),
        lambda g: g.col_metadata_df.__setitem__("arm", ["a"] * 8),
        lambda g: g.col_metadata_df.isetitem(1, [None, *g.col_metadata_df["arm"][1:]]),
        lambda g: g.data_df.isetitem(0, g.data_df["s0"].fillna(0)),
    ],
)
def test_any_change_changes_the_digest(change) -> None:
    gct = example()
    before = GCT.inspect_object(GCT.frozen_copy(gct)).digest
    change(gct)
    assert GCT.inspect_object(GCT.frozen_copy(gct)).digest != before


def test_the_digest_of_this_form_never_changes(tmp_path: Path) -> None:
    digest = GCT.inspect(written(tmp_path, SMALL)).digest
    assert digest == "1d92052f975bba0742a718a37d537782ce56a365d16b90631a3281b4d8b61a7a"


cells = st.one_of(
    st.none(),
    st.text(
        st.characters(blacklist_characters="\r\n\x00", blacklist_categories=["Cs"]), max_size=6
    ),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=True),
    st.booleans(),
)


@given(
    data=st.data(),
    n_rows=st.integers(0, 4),
    n_columns=st.integers(0, 4),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_written_is_read_as_it_was_frozen(tmp_path, data, n_rows, n_columns) -> None:
    names = st.text(
        st.characters(blacklist_characters="\r\n\x00", blacklist_categories=["Cs", "Zs"]),
        min_size=1,
        max_size=5,
    )
    rids = data.draw(st.lists(names, min_size=n_rows, max_size=n_rows))
    cids = data.draw(st.lists(names, min_size=n_columns, max_size=n_columns))
    values = [[data.draw(st.floats()) for _ in cids] for _ in rids]
    rows, columns = (
        pd.DataFrame(
            {"x": [data.draw(cells) for _ in ids], "y": [data.draw(cells) for _ in ids]},
            index=ids,
            dtype=object,
        )
        for ids in (rids, cids)
    )
    matrix = pd.DataFrame(values, index=rids, columns=cids, dtype=float)
    frozen = GCT.frozen_copy(Gct(matrix, rows, columns))
    path = tmp_path / "m.gct"
    path.unlink(missing_ok=True)
    GCT.write(frozen, path)
    assert GCT.inspect(path) == GCT.inspect_object(frozen)


def test_the_summary_tells_what_is_in_it(tmp_path: Path) -> None:
    summary = GCT.inspect(written(tmp_path, SMALL)).summary
    assert (summary.kind, summary.format) == ("matrix", "gct")
    assert (summary.n_obs, summary.n_vars) == (3, 2)
    assert summary.details["version"] == "GCT1.3"
    assert summary.details["row_metadata"] == ["symbol"]
    assert summary.details["column_metadata"] == ["dose", "cell"]
    x = summary.elements["X"]
    assert (x.min, x.max, x.n_null) == (-2.0, 1.5, 2)
    assert summary.elements["obs/cell"].categories == {"A375": 2, "MCF7": 1}
    assert summary.elements["obs/dose"].n_null == 1
    assert summary.var_names_examples == ["g1", "g2"]
    assert summary.var_names_kind is None


def test_accepts_ours_and_cmappys_and_nothing_else() -> None:
    gctoo = pytest.importorskip("cmapPy.pandasGEXpress.GCToo")
    frame = pd.DataFrame([[1.0]], index=["g"], columns=["s"])
    assert GCT.accepts(Gct(frame))
    assert GCT.accepts(gctoo.GCToo(data_df=frame))
    assert not GCT.accepts(frame)
    assert not GCTX.accepts(Gct(frame))


def gctx(gct: Gct, path: Path, dtype: type = np.float64) -> Path:
    with h5py.File(path, "w") as hdf:
        hdf.attrs["version"] = "GCTX1.0"
        hdf["0/DATA/0/matrix"] = gct.data_df.to_numpy(dtype).T
        for where, frame in (("ROW", gct.row_metadata_df), ("COL", gct.col_metadata_df)):
            hdf[f"0/META/{where}/id"] = np.array(frame.index.tolist(), dtype="S")
            for name, values in frame.items():
                cells = values.to_numpy()
                hdf[f"0/META/{where}/{name}"] = (
                    cells.astype("S") if cells.dtype == object else cells
                )
    return path


def test_gctx_is_read_in_its_own_precision(tmp_path: Path) -> None:
    gct = example()
    back = GCTX.load(gctx(gct, tmp_path / "m.gctx", np.float32), LoadRequest())
    assert back.data_df.dtypes.unique() == [np.float32]
    np.testing.assert_array_equal(back.data_df, gct.data_df.astype(np.float32))
    assert back.col_metadata_df["arm"].tolist() == gct.col_metadata_df["arm"].tolist()
    assert back.version == "GCTX1.0"


@pytest.mark.parametrize("missing", ["0/DATA/0/matrix", "0/META/ROW/id", "0/META/COL/id"])
def test_a_gctx_without_a_part_is_refused(tmp_path: Path, missing: str) -> None:
    path = gctx(example(), tmp_path / "m.gctx")
    with h5py.File(path, "a") as hdf:
        del hdf[missing]
    with pytest.raises(Invalid, match=f"it has no {missing}"):
        GCTX.check(path)


def test_a_gctx_of_other_size_is_refused(tmp_path: Path) -> None:
    path = gctx(example(), tmp_path / "m.gctx")
    with h5py.File(path, "a") as hdf:
        del hdf["0/META/ROW/id"]
        hdf["0/META/ROW/id"] = np.array(["a"], dtype="S")
    with pytest.raises(Invalid, match="for 1 ids"):
        GCTX.check(path)


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (SMALL.encode(), "it is a GCT file, which is text"),
        (b"", "it is an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\nsize 7\n", "LFS pointer of 7 bytes"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "damaged"),
    ],
)
def test_what_is_no_gctx_is_refused(tmp_path: Path, content: bytes, title: str) -> None:
    path = tmp_path / "m.gctx"
    path.write_bytes(content)
    with pytest.raises(Invalid, match=title):
        GCTX.check(path)


def test_recognises_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL, "m.gct.gz")
    assert GCT.recognises(path.read_bytes()[:4096], path) is True
    assert GCT.recognises(b"#1.2\r\n", path) is True
    assert GCT.recognises(b"#1.2", tmp_path) is False
    assert GCT.recognises(b"id\ta", path) is False
    hdf = gctx(example(), tmp_path / "m.gctx")
    assert GCTX.recognises(hdf.read_bytes()[:4096], hdf) is True
    assert GCTX.recognises(SMALL.encode(), path) is False
