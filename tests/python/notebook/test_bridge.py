"""Requests of widgets in a real kernel: the REST interface over a comm."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from realkernel import Kernel

import omicshelf
from omicshelf.notebook.answers import Asked, answer
from omicshelf.testing.servers.jupyter import jupyter

LUNG = "/atlases/lung"


@contextmanager
def widget(kernel: Kernel, code: str = "CatalogBrowser('lung')") -> Iterator[str]:
    """Show a widget; give the id of its comm."""
    kernel.ok("import omicshelf; from omicshelf import *")
    shown = kernel.ok(f"w = {code}\nw")
    comm = shown.data[-1]["application/vnd.jupyter.widget-view+json"]["model_id"]
    try:
        yield comm
    finally:
        kernel.ok("w.close()")


@pytest.fixture
def comm(kernel: Kernel) -> Iterator[str]:
    with widget(kernel) as found:
        yield found


def body_of(buffers: list[bytes]) -> Any:
    return json.loads(buffers[0])


def run_elsewhere(folder: Path, code: str) -> None:
    """Change the catalog from another process."""
    said = f"import omicshelf\nomicshelf.connect({str(folder)!r})\nc = omicshelf.Catalog('lung')\n"
    subprocess.run([sys.executable, "-c", said + code], check=True)


def test_an_answer_is_that_of_the_rest_interface(kernel: Kernel, comm: str) -> None:
    told, buffers = kernel.ask(comm, 1, path=f"{LUNG}/datasets", query="text=biopsies&limit=5")
    assert told["status"] == 200
    assert told["headers"]["content-type"] == "application/json"
    page = body_of(buffers)
    assert [record["dataset_id"] for record in page["datasets"]] == ["biopsies"]
    told, buffers = kernel.ask(comm, 2, path="/info")
    assert body_of(buffers)["role"] == "admin"
    told, buffers = kernel.ask(comm, 3, path=f"{LUNG}/datasets/biopsies/versions/v1/diff/v2")
    assert "`score`" in body_of(buffers)["summary"]


@pytest.mark.parametrize(
    ("request_", "status", "kind"),
    [
        ({"path": "/nothing"}, 404, "NotFound"),
        ({"path": f"{LUNG}/datasets/none"}, 404, "NotFound"),
        ({"path": f"{LUNG}/datasets", "query": "limits=3"}, 400, "Invalid"),
        ({"path": f"{LUNG}/datasets", "method": "PUT", "body": {}}, 405, "Invalid"),
        ({"path": f"{LUNG}/datasets", "method": "POST", "body": {"x": 1}}, 400, "Invalid"),
        ({"path": f"{LUNG}/datasets", "method": "POST"}, 400, "Invalid"),
        ({"path": "/atlases/%00/datasets"}, 400, "Invalid"),
        ({"path": "/../../api/contents"}, 404, "NotFound"),
        ({"path": "/kernel/none"}, 404, "NotFound"),
    ],
)
def test_an_error_says_what_and_what_to_do(
    kernel: Kernel, comm: str, request_: dict[str, Any], status: int, kind: str
) -> None:
    told, buffers = kernel.ask(comm, 1, **request_)
    found = body_of(buffers)
    assert (told["status"], found["kind"]) == (status, kind)
    assert found["title"]
    assert "Traceback" not in str(found)


def test_a_change_based_on_an_old_state_is_refused(kernel: Kernel, comm: str) -> None:
    path = f"{LUNG}/datasets/counts"
    told, _ = kernel.ask(comm, 1, path=path)
    etag = told["headers"]["etag"]
    told, _ = kernel.ask(comm, 2, path=path, headers={"If-None-Match": etag})
    assert told["status"] == 304
    change = {"dataset_id": "counts", "mode": "update", "metadata": {"a": 1}}
    request = {"path": path, "method": "PATCH", "body": change, "headers": {"If-Match": etag}}
    told, buffers = kernel.ask(comm, 3, **request)
    assert told["status"] == 200, buffers
    version = body_of(buffers)["version"]
    assert (version["metadata"], version["origin"]["interface"]) == ({"a": 1}, "widget")
    assert version["origin"]["execution_count"] is None
    told, buffers = kernel.ask(comm, 4, **request)
    assert (told["status"], body_of(buffers)["kind"]) == (412, "Conflict")
    assert told["headers"]["etag"] != etag


def test_bytes_come_as_they_are_and_in_ranges(kernel: Kernel, comm: str) -> None:
    path = f"{LUNG}/datasets/counts/versions/v1/data"
    told, buffers = kernel.ask(comm, 1, path=path, **{"as": "bytes"})
    assert told["status"] == 200
    assert blake3(buffers[0]).hexdigest() == told["headers"]["x-omicshelf-blake3"]
    told, part = kernel.ask(comm, 2, path=path, headers={"Range": "bytes=2-4"})
    assert (told["status"], part[0]) == (206, buffers[0][2:5])
    told, _ = kernel.ask(comm, 3, path=path, headers={"Range": "bytes=999999-"})
    assert told["status"] == 416


def test_a_file_is_uploaded_and_attached(kernel: Kernel, comm: str) -> None:
    data = bytes(range(256)) * 10
    begun = {"atlas": "lung", "dataset_id": "counts", "size": len(data), "chunked": False}
    begun |= {"data_format": "bin", "file_name": "up.bin"}
    _, buffers = kernel.ask(comm, 1, path="/uploads", method="POST", body=begun)
    state = body_of(buffers)
    assert state["part_size"] > len(data)
    put = {
        "path": f"/uploads/{state['upload']}/parts/0",
        "method": "PUT",
        "buffers": [data],
    }
    told, buffers = kernel.ask(comm, 2, **put, headers={"X-Omicshelf-Blake3": "0" * 64})
    assert (told["status"], body_of(buffers)["kind"]) == (400, "Invalid")
    told, _ = kernel.ask(comm, 3, **put, headers={"X-Omicshelf-Blake3": blake3(data).hexdigest()})
    assert told["status"] == 204
    told, buffers = kernel.ask(
        comm, 4, path=f"{LUNG}/datasets/counts/files/up.bin", method="PUT",
        body={"file_name": "up.bin", "file_format": "bin", "upload": state["upload"], "tag": "raw"},
    )  # fmt: skip
    assert told["status"] == 200, buffers
    told, buffers = kernel.ask(comm, 5, path=f"{LUNG}/datasets/counts/files/up.bin/content")
    assert buffers[0] == data


def test_what_changes_elsewhere_is_told(kernel: Kernel, comm: str, catalog_folder: Path) -> None:
    kernel.send(comm, {"kind": "listen", "on": True})
    kernel.ask(comm, 1, path=f"{LUNG}/datasets")
    run_elsewhere(catalog_folder, "c.label('biopsies', 'v2', 'told')")
    told, _ = kernel.custom(comm, lambda message: message["kind"] == "event")
    assert told["topic"] == "changes"
    assert [(c["action"], c["dataset_id"]) for c in told["body"]] == [("label", "biopsies")]
    threads = "import threading; print([t.name for t in threading.enumerate()])"
    assert "omicshelf-changes" in kernel.ok(threads).text


def test_nothing_follows_the_catalog_once_nobody_listens(kernel: Kernel, comm: str) -> None:
    kernel.send(comm, {"kind": "listen", "on": True})
    kernel.ask(comm, 1, path="/info")
    kernel.send(comm, {"kind": "listen", "on": False})
    kernel.ask(comm, 2, path="/info")
    ended = """
        import threading
        for t in threading.enumerate():
            if t.name in ("omicshelf-changes", "omicshelf-watch"):
                t.join(30)
        print([t.name for t in threading.enumerate() if t.name.startswith("omicshelf-ch")])
    """
    assert kernel.ok(ended).text == "[]\n"
    # Who comes back has missed any number of changes.
    kernel.send(comm, {"kind": "listen", "on": True})
    told, _ = kernel.custom(
        comm, lambda message: message["kind"] == "event" and message["topic"] == "changes"
    )
    assert told["body"] is None
    kernel.ok("w.close()")
    assert kernel.ok(ended).text == "[]\n"


def test_what_was_given_up_is_not_answered(kernel: Kernel, comm: str) -> None:
    kernel.send(comm, {"kind": "request", "id": 7, "method": "GET", "path": "/info"})
    kernel.send(comm, {"kind": "cancel", "id": 7})
    kernel.send(comm, {"kind": "cancel", "id": 12345})
    kernel.send(comm, {"kind": "nonsense"})
    told, _ = kernel.ask(comm, 8, path="/info")
    assert told["status"] == 200
    assert kernel.ok("print(len(w._bridge._under_way))").text == "0\n"


def test_an_answer_leaves_while_a_cell_runs(kernel: Kernel, comm: str) -> None:
    """What was asked before the cell began does not wait for its end."""
    code = """
        from omicshelf.notebook import bridge
        import threading
        may_go_on, real = threading.Event(), bridge.answer
        def held(*given):
            may_go_on.wait(30)
            return real(*given)
        bridge.answer = held
    """
    kernel.ok(code)
    kernel.send(comm, {"kind": "request", "id": 1, "method": "GET", "path": "/info"})
    # The cell ends only when the answer has been sent.
    ran = kernel.ok(
        """
        sent, tell = threading.Event(), w._bridge._send
        def noticed(message, buffers):
            tell(message, buffers)
            sent.set()
        w._bridge._send = noticed
        may_go_on.set()
        print(sent.wait(30))
        bridge.answer = real
        """
    )
    assert ran.text == "True\n"
    assert kernel.answer(comm, 1)[0]["status"] == 200


# -- the kernel itself


def test_a_dataset_is_planned_and_loaded(kernel: Kernel, comm: str) -> None:
    kernel.ok("adata = 'taken'")
    wish = {"atlas": "lung", "id": "biopsies", "version": "v1"}
    _, buffers = kernel.ask(comm, 1, path="/kernel/plan", method="POST", body=wish)
    plan = body_of(buffers)
    assert plan["code"] == 'biopsies = Catalog("lung").load("biopsies", version="v1")'
    assert plan["ways"] == ["memory", "backed", "lazy", "part"]
    assert plan["obstacle"] is None
    assert 0 < plan["memory"] < plan["free_memory"]
    _, buffers = kernel.ask(
        comm, 2, path="/kernel/plan", method="POST", body={**wish, "variable": "adata"}
    )
    obstacle = body_of(buffers)["obstacle"]
    assert obstacle == {"kind": "exists", "variable": "adata", "holds": "str", "free": "biopsies"}
    told, buffers = kernel.ask(
        comm, 3, path="/kernel/load", method="POST", body={**wish, "variable": "adata"}
    )
    assert (told["status"], body_of(buffers)["kind"]) == (409, "AlreadyExists")
    assert kernel.ok("print(adata)").text == "taken\n"
    told, buffers = kernel.ask(comm, 4, path="/kernel/load", method="POST", body=wish)
    loaded = body_of(buffers)
    assert (loaded["variable"], loaded["holds"]) == ("biopsies", "AnnData 20 × 5")
    assert kernel.ok("print(biopsies.shape)").text == "(20, 5)\n"


@pytest.mark.parametrize(
    "odd", ['"]}); raise SystemExit #', "<img src=x onerror=1>", "\u202ex\n\\", "y" * 5000]
)
def test_the_code_for_a_part_does_the_same(kernel: Kernel, comm: str, odd: str) -> None:
    kernel.ok(
        f"""
        import anndata, numpy, pandas
        odd = {odd!r}
        obs = pandas.DataFrame({{odd: pandas.Categorical([odd, "b", odd])}}, index=list("xyz"))
        var = pandas.DataFrame(index=["g", odd])
        adata = anndata.AnnData(numpy.eye(3, 2), obs=obs, var=var)
        Catalog("lung").save("odd", adata, data_type="Cells")
        """
    )
    wish = {
        "atlas": "lung", "id": "odd", "as": "part", "part": {"obs": {odd: [odd]}, "var": [odd]}
    }  # fmt: skip
    _, buffers = kernel.ask(comm, 1, path="/kernel/plan", method="POST", body=wish)
    plan = body_of(buffers)
    assert plan["shape"] == [2, 1]
    _, buffers = kernel.ask(comm, 2, path="/kernel/load", method="POST", body=wish)
    loaded = body_of(buffers)
    assert (loaded["code"], loaded["holds"]) == (plan["code"], "AnnData 2 × 1")
    name = loaded["variable"]
    kernel.ok(f"by_widget = {name}; del {name}")
    kernel.ok(loaded["code"])
    assert kernel.ok(
        f"print(by_widget.obs.equals({name}.obs), {name}.var_names[0] == odd)"
    ).text == ("True True\n")


def test_a_variable_is_saved_from_a_widget(kernel: Kernel, comm: str) -> None:
    kernel.ok("mine = Catalog('lung').load('biopsies')\nmine.obs['q'] = 3")
    _, buffers = kernel.ask(comm, 1, path="/kernel/variables")
    found = {one["name"]: one for one in body_of(buffers)["variables"]}
    assert found["mine"]["type"] == "AnnData"
    assert found["mine"]["shape"] == "20 × 5"
    assert found["mine"]["loaded_from"] == {"atlas": "lung", "id": "biopsies", "version": "v2"}
    wish = {"variable": "mine", "atlas": "lung", "id": "biopsies", "message": "q"}
    _, buffers = kernel.ask(
        comm, 2, path="/kernel/save", method="POST", body={**wish, "dry_run": True}
    )
    assert body_of(buffers) == {"version": None, "changes": ["+1 obs column `q` (int64)"]}
    old = {**wish, "expected_version": "v1"}
    told, buffers = kernel.ask(comm, 3, path="/kernel/save", method="POST", body=old)
    conflict = body_of(buffers)
    assert (told["status"], conflict["kind"]) == (409, "Conflict")
    assert (conflict["newest"]["name"], conflict["based_on"]) == ("v2", "v1")
    assert conflict["theirs"] == ["+1 obs column `score` (float64)"]
    assert "+1 obs column" in conflict["mine"][0] or "+2 obs columns" in conflict["mine"][0]
    made = {"data_type": "Single cell", "title": "Of a widget", "study": "PMID1"}
    new = {**wish, "id": "of_a_widget", "create": made}
    _, buffers = kernel.ask(comm, 4, path="/kernel/save", method="POST", body=new)
    assert body_of(buffers)["version"] == "v1"
    found = kernel.ok(
        """
        found = Catalog('lung').get_dataset('of_a_widget')
        print(found.metadata()['title'], found.study_id)
        """
    )
    assert found.text == "Of a widget PMID1\n"
    told, buffers = kernel.ask(comm, 5, path="/kernel/save", method="POST", body=new)
    assert (told["status"], body_of(buffers)["kind"]) == (409, "AlreadyExists")
    told, buffers = kernel.ask(
        comm, 6, path="/kernel/save", method="POST", body={**wish, "variable": "gone"}
    )
    assert told["status"] == 404


# -- the same where a server keeps the catalog


def test_a_catalog_behind_a_server(kernel: Kernel, tmp_path: Path) -> None:
    with jupyter(tmp_path / "server") as server:
        address = f"{server.url}?token={server.token}"
        kernel.ok(
            f"""
            import omicshelf, pandas as pd
            far = omicshelf.connect({address!r})
            omicshelf.Catalog('far').save('table', pd.DataFrame({{'x': [1, 2]}}))
            """
        )
        try:
            with widget(kernel, "CatalogBrowser('far')") as comm:
                kernel.send(comm, {"kind": "listen", "on": True})
                told, buffers = kernel.ask(comm, 1, path="/atlases/far/datasets/table")
                assert body_of(buffers)["dataset_id"] == "table"
                assert told["headers"]["etag"].startswith('"')
                told, buffers = kernel.ask(
                    comm, 2, path="/atlases/far/datasets/table/study", method="POST",
                    body={"study_id": "S1"},
                )  # fmt: skip
                assert told["status"] == 200, buffers
                event, _ = kernel.custom(comm, lambda message: message["kind"] == "event")
                assert event["topic"] == "changes"
                told, buffers = kernel.ask(comm, 3, path="/atlases/far/datasets/none")
                assert (told["status"], body_of(buffers)["kind"]) == (404, "NotFound")
                data = "/atlases/far/datasets/table/versions/v1/data"
                told, buffers = kernel.ask(comm, 4, path=data, headers={"Range": "bytes=0-3"})
                assert (told["status"], len(buffers[0])) == (206, 4)
                server.stop()
                event, _ = kernel.custom(
                    comm,
                    lambda told: (
                        told["kind"] == "event"
                        and (told["body"] or {}).get("kind") == "Unreachable"
                    ),
                )
                assert event["topic"] == "connection"
                assert event["body"]["state"] == "unreachable"
                assert event["body"]["again_in"] > 0
                told, buffers = kernel.ask(comm, 5, path="/atlases/far/datasets")
                assert body_of(buffers)["kind"] == "Unreachable"
                server.start()
                kernel.custom(
                    comm,
                    lambda told: told["kind"] == "event" and told["body"] == {"state": "connected"},
                )
                event, _ = kernel.custom(comm, lambda told: told["kind"] == "event")
                assert (event["topic"], event["body"]) == ("changes", None)
        finally:
            kernel.ok("far.close()")


def test_no_server_is_imported_to_answer() -> None:
    code = (
        "import sys, omicshelf.notebook.bridge\n"
        "servers = ('tornado', 'jupyter_server', 'IPython', 'anndata')\n"
        "print([name for name in servers if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_too_many_bytes_are_refused(catalog_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omicshelf.notebook.answers._MOST_BYTES", 10)
    asked = Asked("GET", f"{LUNG}/datasets/biopsies/versions/v1/data")
    with omicshelf.connect(catalog_folder) as connection:
        found = answer(connection, asked, threading.Event())
    assert found.status == 413
    assert "download" in json.loads(found.body)["detail"]
