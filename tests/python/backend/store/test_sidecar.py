"""Names sidecars: what goes in comes out, or an error does."""

from __future__ import annotations

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from omicshelf.backend.store.sidecar import (
    Sidecar,
    decode_names,
    describe_names,
    encode_names,
)
from omicshelf.errors import IntegrityError, StorageError

KEY = "objects/3f/3f0c7a.names"
OBS, VAR = b"12345678" * 3, b"abcdefgh"


@given(obs=st.binary(), var=st.binary())
def test_what_goes_in_comes_out(obs: bytes, var: bytes) -> None:
    data = encode_names(obs, var)
    assert decode_names(data, describe_names(KEY, data)) == (obs, var)


def test_the_layout_is_pinned() -> None:
    """Two catalogs share nothing if it changes, and old objects stay readable."""
    data = encode_names(OBS, VAR)
    assert data == (
        b"OMSN\x01\x00\x00\x00" + (24).to_bytes(8, "little") + (8).to_bytes(8, "little") + OBS + VAR
    )
    assert describe_names(KEY, data) == Sidecar(KEY, 56, blake3(data).hexdigest())


def test_equal_names_are_equal_wherever_they_lie() -> None:
    here = describe_names(KEY, encode_names(OBS, VAR))
    assert here.equals(describe_names("objects/11/1111.names", encode_names(OBS, VAR)))
    # The same bytes, split elsewhere, are other names.
    assert not here.equals(describe_names(KEY, encode_names(OBS + VAR, b"")))


def test_every_flipped_byte_and_every_cut_is_found() -> None:
    data = encode_names(OBS, VAR)
    sidecar = describe_names(KEY, data)
    for at in range(len(data)):
        flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        for bad in (flipped, data[:at], data + bytes(at + 1)):
            with pytest.raises(IntegrityError, match=r"(?s)3f0c7a\.names.*omicshelf verify"):
                decode_names(bad, sidecar)


def test_what_makes_no_sense_is_refused() -> None:
    # The hash is right, so that only the checks of the content can find these.
    good = encode_names(OBS, VAR)
    for bad, why in (
        (b"OMSX" + good[4:], "holds no names"),
        (b"OMSN", "holds no names"),
        (good + b"\0", "add up"),
    ):
        with pytest.raises(IntegrityError, match=why):
            decode_names(bad, describe_names(KEY, bad))
    newer = good[:4] + b"\x02" + good[5:]
    with pytest.raises(StorageError, match=r"(?s)format 2.*pip install --upgrade"):
        decode_names(newer, describe_names(KEY, newer))
