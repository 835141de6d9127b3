"""Previews of annotated data, through the worker, in every form that the data are kept in."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pandas as pd
import pytest

from omicshelf.errors import Invalid
from omicshelf.formats.preview.models import Categories, Numbers, Preview, PreviewRequest
from omicshelf.formats.worker import preview_file

if TYPE_CHECKING:
    from anndata import AnnData

FORMATS = {"h5ad": "h5ad", "zarr": "zarr", "zip": "zarr"}


@pytest.fixture(params=list(FORMATS))
def ask(request: pytest.FixtureRequest, files: dict[str, Path]) -> Any:
    """Ask for a preview of the data in one of its forms; nothing must be wrong with it."""

    def asked(**values: Any) -> Preview:
        name = request.param
        found = preview_file(files[name], FORMATS[name], PreviewRequest(**values))
        assert found.problems == []
        return found

    return asked


def test_points_carry_their_rows_and_leave_out_those_without_a_place(ask: Any) -> None:
    found = ask(kind="embedding").embedding
    assert (found.key, found.n_obs, found.n_shown, found.n_unplaced) == ("X_umap", 60, 59, 1)
    assert found.rows == [n for n in range(60) if n != 11]
    assert found.coordinates[0] == [float(n) for n in found.rows]
    assert found.coordinates[1] == pytest.approx([-n / 7 for n in found.rows], abs=1e-4)
    assert found.color is None
    three = ask(kind="embedding", dimensions=(2, 0, 1)).embedding
    assert three.coordinates[0] == [1.0] * 59
    assert three.coordinates[1] == found.coordinates[0]


def test_a_category_colours_with_the_colours_that_were_saved(ask: Any) -> None:
    color = ask(kind="embedding", color="leiden").embedding.color
    assert isinstance(color, Categories)
    assert color.categories == ["0", "1", "2"]
    assert color.colors == ["#ff0000", "#00ff00", "#0000ff"]
    assert color.counts == [20, 19, 20]
    assert color.n_missing == 1
    assert color.codes[:8] == [0, 1, 2, 0, 1, 2, 0, -1]
    flag = ask(kind="embedding", color="flag").embedding.color
    assert flag.categories == ["False", "True"]
    assert flag.codes[:2] == [1, 0]


def test_a_number_colours_with_its_range_over_all_cells(ask: Any) -> None:
    color = ask(kind="embedding", color="score", points=10).embedding.color
    assert isinstance(color, Numbers)
    assert (color.min, color.max, color.n_missing) == (-1.0, 1.0, 1)
    assert color.quantiles[3] == pytest.approx(0.0, abs=0.05)
    assert len(color.values) == 10
    nullable = ask(kind="embedding", color="maybe").embedding.color
    assert nullable.values[:3] == [None, 1.0, 2.0]
    assert nullable.n_missing == 12


@pytest.mark.parametrize("matrix", [None, "X", "layers/csr", "layers/csc", "raw/X"])
def test_a_gene_colours_from_each_matrix(ask: Any, adata: AnnData, matrix: str | None) -> None:
    found = ask(kind="embedding", gene="GENE7", matrix=matrix).embedding
    expected = np.asarray(adata.X)[:, 7] * (2 if matrix == "layers/csc" else 1)
    assert found.color.values == [expected[row] for row in found.rows]
    assert found.color.source == f"{matrix or 'X'}/GENE7"
    assert found.color.n_zero == int((expected == 0).sum())
    if matrix == "raw/X":
        only_raw = ask(kind="embedding", gene="GENE20", matrix=matrix).embedding.color
        assert only_raw.max == float(np.asarray(adata.X)[:, 8].max() + 1)


def test_fewer_points_are_shown_of_every_category(ask: Any) -> None:
    found = ask(kind="embedding", color="leiden", points=8).embedding
    assert found.n_shown == len(found.rows) == len(found.color.codes) == 8
    assert set(found.color.codes) == {-1, 0, 1, 2}
    assert found == ask(kind="embedding", color="leiden", points=8).embedding


@pytest.mark.parametrize(
    ("asked", "title", "detail"),
    [
        ({"gene": "GENE77"}, "'GENE77'", "'GENE7'"),
        ({"gene": "gene7"}, "'gene7'", "'GENE7'"),
        ({"color": "leyden"}, "'leyden'", "'leiden'"),
        ({"embedding": "X_umop"}, "'X_umop'", "'X_umap'"),
        ({"embedding": "X_one"}, "X_one", "X_umap"),
        ({"dimensions": (0, 3)}, "no dimension 3", "It has 3"),
        ({"gene": "GENE1", "matrix": "layers/no"}, "'layers/no'", "layers/csr"),
        ({"gene": "GENE1", "matrix": "obs"}, "'obs'", "layers/csr"),
        ({"gene": "GENE1", "matrix": "/X"}, "'/X'", "layers/csr"),
        ({"kind": "table", "columns": ("scor",)}, "'scor'", "'score'"),
        ({"kind": "names", "rows": (60,)}, "no row 60", "60 rows"),
        ({"kind": "table", "rows": (60,)}, "no row 60", "60 rows"),
        ({"kind": "table", "rows": tuple(range(1001))}, "1,001 rows", "at most 1,000"),
        ({"modality": "rna"}, "'rna'", "no modalities"),
    ],
)
def test_what_is_not_there_is_refused_with_near_misses(
    ask: Any, asked: dict[str, Any], title: str, detail: str
) -> None:
    with pytest.raises(Invalid) as caught:
        ask(**{"kind": "embedding", **asked})
    assert title in caught.value.title
    assert detail in str(caught.value.detail)


def test_pages_of_obs_say_what_comes_after_them(ask: Any, adata: AnnData) -> None:
    page = ask(kind="table", offset=50, limit=6, columns=("score", "leiden", "maybe")).table
    assert (page.n_rows, page.n_columns, page.more) == (60, 5, True)
    assert page.index == [f"cell{n}" for n in range(50, 56)]
    assert [(c.name, c.type) for c in page.columns] == [
        ("score", "float64"),
        ("leiden", "category"),
        ("maybe", "int64"),
    ]
    assert page.columns[0].values == adata.obs["score"].iloc[50:56].tolist()
    assert page.columns[1].values == ["2", "0", "1", "2", "0", "1"]
    assert page.columns[2].values == [None, 51, 52, 53, 54, None]
    last = ask(kind="table", offset=58).table
    assert (last.more, len(last.index)) == (False, 2)
    beyond = ask(kind="table", offset=1000).table
    assert beyond.index == []
    assert not beyond.more


def test_missing_large_and_long_values_have_a_form_in_json(ask: Any) -> None:
    page = ask(kind="table", limit=8).table
    columns = {column.name: column.values for column in page.columns}
    assert columns["score"][4] is None
    assert columns["leiden"][7] is None
    assert columns["flag"][:2] == [True, False]
    assert columns["count"][0] == str(2**55)  # no number of JavaScript
    var = ask(kind="table", table="var").table
    (kind,) = var.columns
    assert len(kind.values[0]) == 1000
    assert kind.n_cut == 1
    raw = ask(kind="table", table="raw/var").table
    assert (raw.n_rows, raw.index[-1]) == (24, "GENE23")


def test_a_choice_of_points_becomes_names(ask: Any) -> None:
    assert ask(kind="names", rows=(9, 3, 59)).names.names == ["cell9", "cell3", "cell59"]
    assert ask(kind="names").names.names == []


def test_a_name_is_found_by_a_part_of_it(ask: Any) -> None:
    found = ask(kind="names", table="var", search="gene1").names
    assert found.names == ["GENE1", "GENE10", "GENE11"]
    assert (found.rows, found.found, found.n_found) == ([1, 10, 11], found.names, 3)
    few = ask(kind="names", table="var", search="E1", limit=2).names
    assert (few.names, few.n_found) == (["GENE1", "GENE10"], 3)
    assert ask(kind="names", table="raw/var", search="GENE23").names.rows == [23]
    assert ask(kind="names", table="var", search="nothing").names.names == []


def test_a_name_is_found_by_the_value_of_a_column(ask: Any) -> None:
    found = ask(kind="names", table="var", search="KIND1", columns=("kind",)).names
    assert (found.names[0], found.found[0]) == ("GENE1", "kind1")
    assert found.rows == [1, 10, 11]
    assert ask(kind="names", table="var", search="kind1").names.names == []


def test_rows_that_were_chosen_make_a_page(ask: Any) -> None:
    page = ask(kind="table", rows=(59, 3, 11), columns=("flag", "leiden")).table
    assert page.index == ["cell59", "cell3", "cell11"]
    assert [column.values for column in page.columns] == [[False, False, False], ["2", "0", "2"]]
    assert (page.n_rows, page.more) == (60, False)


@pytest.mark.parametrize("matrix", ["X", "layers/csr", "layers/csc"])
def test_a_corner_of_a_matrix(ask: Any, adata: AnnData, matrix: str) -> None:
    found = ask(
        kind="matrix",
        matrix=matrix,
        row_offset=55,
        column_offset=2,
        n_columns=3,
        row_fields=("leiden",),
        column_fields=("kind",),
    ).matrix
    expected = np.asarray(adata.X)[55:60, 2:5] * (2 if matrix == "layers/csc" else 1)
    assert found.values == expected.tolist()
    assert (found.min, found.max) == (expected.min(), expected.max())
    assert found.row_axis == "obs"
    assert found.row_names == [f"cell{n}" for n in range(55, 60)]
    assert found.column_names == ["GENE2", "GENE3", "GENE4"]
    assert found.row_fields[0].values == [str(n % 3) for n in range(55, 60)]
    assert found.column_fields[0].values == ["kind2", "kind3", "kind4"]


def test_an_even_sample_of_a_matrix(ask: Any, adata: AnnData) -> None:
    found = ask(kind="matrix", sample=True, n_rows=6, n_columns=200).matrix
    assert found.rows == [0, 10, 20, 30, 40, 50]
    assert found.columns == list(range(12))
    assert found.values == np.asarray(adata.X)[::10].tolist()


def test_the_list_names_all_that_can_be_asked_for(ask: Any) -> None:
    contents = ask(kind="list").contents
    assert set(contents.kinds) == {"list", "embedding", "table", "matrix", "names", "head"}
    (facts,) = contents.modalities
    assert (facts.name, facts.n_obs, facts.n_vars) == ("", 60, 12)
    assert [(e.key, e.shape) for e in facts.embeddings] == [("X_umap", [60, 3])]
    assert facts.default_embedding == "X_umap"
    assert [(m.name, m.type, m.shape) for m in facts.matrices] == [
        ("X", "array", [60, 12]),
        ("raw/X", "csr_matrix", [60, 24]),
        ("layers/csc", "csc_matrix", [60, 12]),
        ("layers/csr", "csr_matrix", [60, 12]),
    ]
    obs, var, raw = facts.tables
    assert {c.name: (c.type, c.n_categories) for c in obs.columns} == {
        "leiden": ("category", 3),
        "score": ("float64", None),
        "flag": ("bool", None),
        "count": ("int64", None),
        "maybe": ("int64", None),
    }
    assert (var.n_rows, raw.n_rows) == (12, 24)


def test_modalities_are_asked_for_by_name(files: dict[str, Path], adata: AnnData) -> None:
    def ask(**values: Any) -> Preview:
        return preview_file(files["h5mu"], "h5mu", PreviewRequest(**values))

    contents = ask(kind="list").contents
    assert contents is not None
    assert [m.name for m in contents.modalities] == ["", "prot", "rna"]
    shared = ask(kind="embedding", embedding="X_wnn", color="joint").embedding
    assert shared is not None
    assert isinstance(shared.color, Categories)
    assert shared.color.categories == ["a", "b"]
    rna = ask(kind="embedding", modality="rna", gene="GENE3").embedding
    assert rna is not None
    assert isinstance(rna.color, Numbers)
    assert rna.color.max == float(np.asarray(adata.X)[:, 3].max())
    with pytest.raises(Invalid, match="those of its modalities") as caught:
        ask(kind="matrix")
    assert "'rna'" in str(caught.value.detail)
    with pytest.raises(Invalid, match="'GENE3'"):
        ask(kind="embedding", modality="prot", gene="GENE3")


def test_many_categories_are_listed_up_to_a_limit(adata: AnnData, tmp_path: Path) -> None:
    import anndata

    n = 1000
    many = pd.Categorical([f"k{i % 400:03d}" if i < 800 else "often" for i in range(n)])
    made = anndata.AnnData(obs=pd.DataFrame({"many": many}, index=[str(i) for i in range(n)]))
    made.obsm["X_pca"] = np.arange(2.0 * n).reshape(n, 2)
    path = tmp_path / "many.h5ad"
    made.write_h5ad(path)
    found = preview_file(path, "h5ad", PreviewRequest(kind="embedding", color="many")).embedding
    assert found is not None
    assert isinstance(found.color, Categories)
    assert len(found.color.categories) == 256
    assert (found.color.n_categories, found.color.n_other) == (401, 145)
    assert "often" in found.color.categories
    assert found.color.codes.count(-2) == 2 * 145


def test_where_there_is_only_raw_its_genes_are_taken(tmp_path: Path) -> None:
    import anndata

    values = np.arange(12.0).reshape(4, 3)
    made = anndata.AnnData(values, obs=pd.DataFrame(index=list("abcd")))
    made.var_names = ["x", "y", "z"]
    made.raw = made
    del made.X
    made.obsm["X_umap"] = np.arange(8.0).reshape(4, 2)
    path = tmp_path / "raw.h5ad"
    made.write_h5ad(path)
    found = preview_file(path, "h5ad", PreviewRequest(kind="embedding", gene="y")).embedding
    assert found is not None
    assert isinstance(found.color, Numbers)
    assert found.color.source == "raw/X/y"
    assert found.color.values == [1.0, 4.0, 7.0, 10.0]


def test_loom_is_seen_as_cells_by_genes(tmp_path: Path) -> None:
    path = tmp_path / "a.loom"
    values = np.arange(20, dtype="f4").reshape(4, 5)  # genes x cells
    with h5py.File(path, "w") as file:
        file.create_dataset("matrix", data=values, chunks=(2, 2), compression="gzip")
        file["layers/spliced"] = values * 2
        file["row_attrs/Gene"] = np.array(["g0", "g1", "g2", "g3"], dtype="S2")
        file["col_attrs/CellID"] = [f"c{n}" for n in range(5)]
        file["col_attrs/Embedding"] = np.arange(10.0).reshape(5, 2)
        file["col_attrs/Cluster"] = [1, 1, 2, 2, 2]

    def ask(**asked: Any) -> Preview:
        return preview_file(path, "loom", PreviewRequest(**asked))

    found = ask(kind="embedding", gene="g2", matrix="layers/spliced").embedding
    assert found is not None
    assert isinstance(found.color, Numbers)
    assert found.color.values == (values[2] * 2).tolist()
    block = ask(kind="matrix", row_offset=3, n_columns=2).matrix
    assert block is not None
    assert block.values == values.T[3:, :2].tolist()
    assert block.row_names == ["c3", "c4"]


def test_a_gct_has_its_features_down(tmp_path: Path) -> None:
    path = tmp_path / "m.gct"
    path.write_text(
        "#1.3\n2\t3\t1\t1\nid\tsymbol\ts1\ts2\ts3\ndose\tna\t1\t2\t3\n"
        "g1\tTP53\t1.5\t-666\t2\ng2\tMYC\t4\tNaN\t6\n"
    )
    request = PreviewRequest(kind="matrix", row_fields=("symbol",), column_fields=("dose",))
    found = preview_file(path, "gct", request).matrix
    assert found is not None
    assert (found.row_axis, found.n_rows, found.n_columns) == ("var", 2, 3)
    assert found.row_names == ["g1", "g2"]
    assert found.column_names == ["s1", "s2", "s3"]
    assert found.values == [[1.5, None, 2.0], [4.0, None, 6.0]]
    assert (found.min, found.max) == (1.5, 6.0)
    assert found.row_fields[0].values == ["TP53", "MYC"]
    assert found.column_fields[0].values == [1, 2, 3]


def test_no_number_of_json_is_infinite(tmp_path: Path) -> None:
    import json

    import anndata

    x = np.array([[np.inf, -np.inf], [np.nan, 1.0]])
    made = anndata.AnnData(x, obs=pd.DataFrame({"v": [np.inf, 1.0]}, index=["a", "b"]))
    made.obsm["X_umap"] = np.eye(2)
    path = tmp_path / "inf.h5ad"
    made.write_h5ad(path)
    for asked in ({"kind": "matrix"}, {"kind": "embedding", "gene": "0"}, {"kind": "table"}):
        text = preview_file(path, "h5ad", PreviewRequest(**asked)).model_dump_json()

        def refuse(word: str) -> float:
            raise AssertionError(word)

        json.loads(text, parse_constant=refuse)
    block = preview_file(path, "h5ad", PreviewRequest(kind="matrix")).matrix
    assert block is not None
    assert (block.min, block.max) == (1.0, 1.0)
    assert math.isfinite(block.max)
