"""A process that is killed at any moment leaves temporary files and complete objects."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from omicshelf.backend.store.manifest import decode
from omicshelf.backend.store.objectstore import LocalDirectory
from omicshelf.backend.store.reader import BlobReader

WRITER = """
import random, sys, uuid
from pathlib import Path
from omicshelf.backend.store.chunks import ChunkParams
from omicshelf.backend.store.manifest import encode, manifest_key
from omicshelf.backend.store.objectstore import LocalDirectory
from omicshelf.backend.store.packs import ingest
store = LocalDirectory(Path(sys.argv[1]), sys.argv[2])
chosen = random.Random(sys.argv[2])
data, known = bytearray(chosen.randbytes(2_000_000)), []
while True:
    owned = chosen.random() < 0.5
    path = (store.staging() if owned else store.root.parent) / f"source-{sys.argv[2]}"
    path.write_bytes(data)
    result = ingest(path, owned=owned, staging=store.staging(), known=known[:3],
                    blob_id=uuid.uuid4().hex, suffix=".bin",
                    params=ChunkParams(average=1024, minimum=256, maximum=8192))
    items = {result.pack_key: result.pack_file} if result.pack_file else {}
    items[manifest_key(result.manifest.blob)] = encode(result.manifest, [{"owned": owned}])
    store.put_many(items)
    known.insert(0, result.manifest)
    if len(known) == 1:
        print("writing", flush=True)
    if chosen.random() < 0.3:
        data = bytearray(chosen.randbytes(2_000_000))
    else:
        at = chosen.randrange(len(data))
        data[at : at + 5_000] = chosen.randbytes(5_000)
"""


@pytest.mark.reliability
def test_killed_writers(tmp_path: Path) -> None:
    chosen = random.Random(1)
    root = tmp_path / "store"
    for number in range(12):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), f"s{number}"], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        time.sleep(chosen.random() * 0.15)
        writer.kill()
        writer.wait()
    store = LocalDirectory(root, "reader")
    objects = {info.key: info.size for info in store.list("objects/")}
    manifests = [key for key in objects if key.endswith(".manifest")]
    assert len(manifests) >= 12
    for key in manifests:
        manifest, _ = decode(store.read_bytes(key), key)
        for pack, size in manifest.packs.items():
            assert objects[pack] == size
        with BlobReader(store, manifest) as reader:
            reader.verify()
    assert {info.key for info in store.list("")} == set(objects)
