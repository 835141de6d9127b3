"""Storage URLs: what is taken from where, and what is refused."""

from __future__ import annotations

import pytest

from omicshelf.backend.store.s3location import S3Location
from omicshelf.errors import Invalid

KEYS = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "hidden"}


def test_everything_in_the_url() -> None:
    at = S3Location.parse(
        "s3://lab/a/b/?endpoint=https://s3.example.org&region=eu-west-1&access_key_id=me"
        "&secret_access_key=hid%2Bden&session_token=tok",
        {},
    )
    assert (at.bucket, at.prefix, at.endpoint) == ("lab", "a/b", "https://s3.example.org")
    assert at.config() == {
        "endpoint": "https://s3.example.org",
        "region": "eu-west-1",
        "access_key_id": "me",
        "secret_access_key": "hid+den",
        "session_token": "tok",
    }
    assert not at.allow_http
    assert str(at) == "s3://lab/a/b"
    assert "hid" not in repr(at)


def test_what_the_environment_adds() -> None:
    env = {**KEYS, "AWS_ENDPOINT_URL": "https://a.example", "AWS_REGION": "r1"}
    at = S3Location.parse("s3://lab", env)
    assert (at.prefix, at.endpoint, at.region) == ("", "https://a.example", "r1")
    assert at.secret_access_key == "hidden"
    nearer = {**env, "AWS_ENDPOINT_URL_S3": "https://b.example"}
    assert S3Location.parse("s3://lab", nearer).endpoint == "https://b.example"
    assert S3Location.parse("s3://lab?region=r2", env).region == "r2"
    assert S3Location.parse("s3://lab", {"AWS_DEFAULT_REGION": "r3"}).region == "r3"


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost", "[::1]:80", "s3.localhost:1"])
def test_plain_http_on_this_machine(host: str) -> None:
    assert S3Location.parse(f"s3://lab?endpoint=http://{host}", {}).allow_http


def test_plain_http_elsewhere_must_be_asked_for() -> None:
    url = "s3://lab?endpoint=http://10.0.0.7:9000"
    with pytest.raises(Invalid, match="allow_http=true"):
        S3Location.parse(url, {})
    assert S3Location.parse(f"{url}&allow_http=true", {}).allow_http
    assert S3Location.parse(url, {"AWS_ALLOW_HTTP": "true"}).allow_http
    with pytest.raises(Invalid, match="without encryption"):
        S3Location.parse(f"{url}&allow_http=false", {"AWS_ALLOW_HTTP": "true"})


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://lab/x", "https://lab"),
        ("s3:///x", "s3://"),
        ("s3://La", "La"),
        ("s3://u:hidden@lab/x", "lab"),
        ("s3://lab/a//b", "a//b"),
        ("s3://lab/../b", "../b"),
        ("s3://lab/a b", "a b"),
        ("s3://lab?color=red", "color"),
        ("s3://lab?endpoint=ftp://x", "ftp://x"),
        ("s3://lab?endpoint=http://u:hidden@127.0.0.1", "127.0.0.1"),
        ("s3://lab?allow_http=perhaps", "perhaps"),
        ("s3://lab?access_key_id=me", "one half"),
        ("s3://lab?secret_access_key=hidden", "one half"),
    ],
)
def test_what_is_refused_and_why(url: str, named: str) -> None:
    with pytest.raises(Invalid) as error:
        S3Location.parse(url, {})
    assert named in str(error.value)
    assert "hidden" not in str(error.value)
