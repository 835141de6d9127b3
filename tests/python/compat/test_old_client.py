"""What stood importable in the old client does what it did."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

import omicshelf
from omicshelf import errors
from omicshelf.compat.polly import auth, data_management, threading_utils
from omicshelf.compat.polly import errors as old_errors


class Response:
    """As much of a response of ``requests`` as the handlers look at."""

    def __init__(self, status_code: int, body: Any = None) -> None:
        self.status_code = status_code
        self.text = "<html>" if body is None else json.dumps(body)

    def json(self) -> Any:
        return json.loads(self.text)

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise ConnectionAbortedError(self.status_code)


# -- polly.auth


def test_auth_opens_the_catalog_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMICSHELF_URL", str(tmp_path / "catalog"))
    monkeypatch.setattr(auth, "_told", False)
    monkeypatch.setattr(auth.Polly, "default_session", None)
    with pytest.warns(UserWarning, match=r"the catalog on this machine, '.*catalog'"):
        first = auth.Polly.auth("a token", env="test")
    catalog = omicshelf.Catalog("old")
    try:
        assert auth.Polly.default_session is first
        assert catalog.connection is first
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            second = auth.Polly.auth("another", "env", "polly")
        try:
            # A catalog made before the second login goes by it: the session is looked up late.
            assert auth.Polly.default_session is catalog.connection is second
            assert second.token == "another"
        finally:
            second.close()
    finally:
        first.close()


def test_the_token_is_written_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMICSHELF_URL", str(tmp_path))
    monkeypatch.setattr(auth, "_told", True)
    with auth.Polly.auth("s3cr3t-t0ken") as connection:
        file = tmp_path / "a.csv"
        file.write_text("x,y\n1,2\n")
        omicshelf.Catalog("a").create_dataset("d", "Table", str(file), {})
        assert "s3cr3t" not in repr(connection)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 1
    assert not [path for path in written if b"s3cr3t" in path.read_bytes()]


def test_both_names_of_unauthorized_are_one_class() -> None:
    assert auth.UnauthorizedException is old_errors.UnauthorizedException is errors.Unauthorized


# -- polly.errors


OLD_NAMES = [
    "RequestException",
    "UnauthorizedException",
    "paramException",
    "wrongParamException",
    "apiErrorException",
    "invalidDataException",
    "invalidApiResponseException",
    "BadRequestError",
    "AccessDeniedError",
    "ResourceNotFoundError",
    "BaseExceptionError",
    "ValidationError",
    "InvalidParameterException",
    "InvalidPathException",
    "InvalidDirectoryPathException",
    "InvalidDirectoryPath",
    "InvalidWorkspaceDetails",
    "OperationFailedException",
    "MissingKeyException",
    "UnfinishedQueryException",
    "QueryFailedException",
    "RequestFailureException",
]


@pytest.mark.parametrize("name", OLD_NAMES)
def test_every_old_error_is_one_of_ours(name: str) -> None:
    kind = getattr(old_errors, name)
    assert issubclass(kind, errors.RequestException)
    raised = kind("A title.", "A detail.")
    assert (raised.title, raised.detail) == ("A title.", "A detail.")
    assert name in old_errors.__all__


def test_errors_of_the_catalog_are_caught_by_their_old_names(tmp_path: Path) -> None:
    with omicshelf.connect(tmp_path):
        catalog = omicshelf.Catalog("a")
        with pytest.raises(old_errors.ResourceNotFoundError):
            catalog.get_dataset("none")
        with pytest.raises(old_errors.InvalidPathException):
            catalog.create_dataset("d", "T", str(tmp_path / "none.csv"), {})


@pytest.mark.parametrize(
    ("body", "title", "detail"),
    [
        ({"errors": [{"title": "No", "detail": "Because."}]}, "No", "Because."),
        ({"error": {"code": "bad", "message": "Worse."}}, "bad", "Worse."),
        ({"data": {"errors": [{"title": "Deep", "detail": "Down."}]}}, "Deep", "Down."),
        ({"error": "plain"}, "plain", None),
    ],
)
def test_reported_errors_are_raised(body: Any, title: str, detail: str | None) -> None:
    with pytest.raises(errors.RequestException) as caught:
        old_errors.error_handler(Response(400, body))
    assert (caught.value.title, caught.value.detail) == (title, detail)


def test_a_locked_repository_says_what_it_means() -> None:
    with pytest.raises(errors.RepositoryLocked) as caught:
        old_errors.error_handler(Response(409, {"errors": [{"title": "Repository Locked"}]}))
    assert caught.value.detail


def test_a_401_without_body_is_unauthorized() -> None:
    with pytest.raises(errors.Unauthorized, match="Expired or Invalid Token"):
        old_errors.error_handler(Response(401))


def test_other_failures_are_those_of_the_response() -> None:
    with pytest.raises(ConnectionAbortedError):
        old_errors.error_handler(Response(503))
    old_errors.error_handler(Response(200, {"data": [{"id": "a"}]}))
    old_errors.error_handler(Response(200, {"errors": []}))


# -- polly.data_management


def test_warnings_of_a_response_are_emitted() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data_management.handle_errors_or_warnings(
            Response(200, {"meta": {"warnings": ["getting old", "and slow"]}})
        )
    assert [str(one.message) for one in caught] == ["getting old", "and slow"]
    with pytest.raises(errors.RequestException, match="No"):
        data_management.handle_errors_or_warnings(Response(400, {"errors": [{"title": "No"}]}))


@pytest.mark.parametrize("good", ["GSE1", "a-b_C9", "0"])
def test_good_ids_pass(good: str) -> None:
    data_management.validate_user_defined_id(good)


def test_bad_ids_are_refused_in_the_old_words() -> None:
    with pytest.raises(ValueError, match=r"^Cannot use 'a b' as dataset_id, consider using 'a_b'"):
        data_management.validate_user_defined_id("a b")
    with pytest.raises(ValueError, match=r"^Empty string cannot be used as dataset_id"):
        data_management.validate_user_defined_id("")
    with pytest.raises(TypeError):
        data_management.validate_user_defined_id(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.gct", "gct"),
        ("x/y.csv", "csv"),
        ("a.xyz", None),
        ("a.b.tsv.gz", "tsv+gzip"),
        ("a", None),
    ],
)
def test_infer_file_type(name: str, found: str | None) -> None:
    assert data_management.infer_file_type(name) == found
    assert data_management.infer_file_type(Path(name)) == found
    assert data_management.is_supported_format(name) == (found is not None)


@pytest.mark.parametrize("name", ["gct", "h5ad", "csv", "vcf+gzip", "pdf"])
def test_known_formats_are_supported(name: str) -> None:
    assert data_management.is_supported_format(name)


@pytest.mark.parametrize(
    ("path", "ending"),
    [
        ("a.csv", ".csv"),
        ("x/a.json.gz", ".json.gz"),
        ("GSE1.v2.gct", ".gct"),
        ("a.xyz.gz", ".xyz.gz"),
        ("a.tar.xyz", ".tar.xyz"),
    ],
)
def test_extract_file_extension(path: str, ending: str) -> None:
    assert data_management.extract_file_extension(path) == ending
    assert data_management.extract_extension_from_s3_uri(f"s3://b/{path}?versionId=9") == ending


def test_a_path_without_an_extension_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not contain a file extension"):
        data_management.extract_file_extension("folder.d/plain")
    with pytest.raises(ValueError, match="does not contain a file extension"):
        data_management.extract_file_extension(".hidden")
    with pytest.raises(ValueError, match="is a folder"):
        data_management.extract_file_extension(tmp_path)
    assert data_management.extract_extension_from_s3_uri("s3://bucket/dir.d/plain") == ""


def test_objects_are_told_apart() -> None:
    anndata = pytest.importorskip("anndata")
    assert data_management.is_anndata(anndata.AnnData())
    assert not data_management.is_gctoo(anndata.AnnData())
    assert not data_management.is_anndata({})
    cmap = pytest.importorskip("cmapPy.pandasGEXpress.GCToo")
    import pandas as pd

    assert data_management.is_gctoo(cmap.GCToo(pd.DataFrame([[1.0]], index=["r"], columns=["c"])))


def test_the_storage_clients_do_nothing() -> None:
    manager = data_management.S3ClientManager(lambda: None, "atlas")
    manager.clear_token_cache()
    assert data_management.S3ClientManager._cache == {}


# -- polly.threading_utils


def test_the_failure_limit_is_old_and_ours() -> None:
    with pytest.raises(threading_utils.FailureLimitError):
        threading_utils.for_each_threaded([1], lambda _: 1 / 0)
    assert old_errors.FailureLimitError is errors.FailureLimitError
