"""How things are measured: interleaved rounds, medians, peak memory, bytes on disk."""

from __future__ import annotations

import contextlib
import gc
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import omicshelf

__all__ = [
    "FULL",
    "QUICK",
    "Clock",
    "Figure",
    "Scale",
    "compare",
    "fsync",
    "interleave",
    "new_catalog",
    "peak_memories",
    "peak_memory",
    "percentile",
    "repeat",
    "stored_bytes",
]

_PATIENCE = 8.0  # seconds
_MOST = 5  # times as many rounds as asked
CLEAR_PEAK = "5"  # what the kernel wants in clear_refs to forget VmHWM


@dataclass(frozen=True)
class Scale:
    """How large the data are, and how often each thing is done (odd, for medians)."""

    rounds: int = 7
    small_rounds: int = 15
    medium: tuple[int, int] = (20_000, 2_000)
    large: tuple[int, int] = (100_000, 2_000)
    file_bytes: int = 500_000_000
    creates: int = 1_000
    datasets: tuple[int, ...] = (1_000, 10_000, 100_000)
    writes: int = 200
    big_bytes: int = 2_000_000_000
    served: int = 10_000
    requests: int = 201
    load_seconds: float = 60.0
    writing_seconds: float = 5.0


FULL = Scale()
QUICK = Scale(
    rounds=3,
    small_rounds=5,
    medium=(4_000, 1_000),
    large=(10_000, 1_000),
    file_bytes=50_000_000,
    creates=100,
    datasets=(1_000, 5_000),
    writes=25,
    big_bytes=200_000_000,
    served=1_000,
    requests=31,
    load_seconds=10.0,
    writing_seconds=1.0,
)


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes
    ----------
    what
        What was done, to what.
    ours, reference
        The medians, in ``unit``; ``reference`` is None where there is none.
    against
        What the reference is.
    result
        What is held against ``bar``: a ratio (``result_unit`` "x"), or a quantity.
    bar
        The largest result that is good enough; None for what is shown for information.
    """

    what: str
    ours: float
    unit: str
    result: float
    result_unit: str
    bar: float | None = None
    reference: float | None = None
    against: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        return None if self.bar is None else self.result <= self.bar

    def to_dict(self) -> dict[str, Any]:
        """Give a JSON object."""
        return asdict(self) | {"met": self.met}


class Clock:
    """Adds up the seconds of the blocks that it is the context of; the rest is not counted."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seconds += time.perf_counter() - self._start


Contender = Callable[[Clock], None]


def interleave(
    contenders: Mapping[str, Contender], rounds: int, *, patience: float = _PATIENCE
) -> dict[str, list[float]]:
    """Time each contender once a round, the order turned round every time.

    A first round is run and discarded: it fills the page cache and imports what is imported
    when first used. What takes milliseconds is done more often than asked, an odd number of
    times, until ``patience`` seconds are over: a machine that others share is not steady.

    Returns
    -------
    dict of str to list of float
        Seconds, one entry a round, in the order of the rounds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    begun = time.perf_counter()
    number = 0
    while number <= rounds or (
        number <= rounds * _MOST and (number % 2 == 1 or time.perf_counter() - begun < patience)
    ):
        for name in names:
            gc.collect()
            clock = Clock()
            contenders[name](clock)
            if number:
                seconds[name].append(clock.seconds)
        names.reverse()
        number += 1
    return seconds


def compare(
    what: str,
    ours: Contender,
    reference: Contender,
    against: str,
    *,
    bar: float | None,
    rounds: int,
) -> Figure:
    """Time two contenders by turns.

    The result is the median of the ratios of the rounds, not the ratio of the medians: what
    slows the machine for a while slows both sides of a round.
    """
    seconds = interleave({"reference": reference, "ours": ours}, rounds)
    pairs = zip(seconds["ours"], seconds["reference"], strict=True)
    return Figure(
        what,
        statistics.median(seconds["ours"]) * 1e3,
        "ms",
        statistics.median(mine / plain for mine, plain in pairs),
        "x",
        bar,
        statistics.median(seconds["reference"]) * 1e3,
        against,
    )


def repeat(what: str, ours: Contender, *, bar: float | None, rounds: int) -> Figure:
    """Time one contender that has no reference; the result is its median in milliseconds."""
    median = statistics.median(interleave({"ours": ours}, rounds)["ours"]) * 1e3
    return Figure(what, median, "ms", median, "ms", bar)


def percentile(seconds: Sequence[float], percent: float) -> float:
    """Give the value below which so many of a hundred lie; the largest of few.

    Examples
    --------
    >>> percentile([3, 1, 2], 50), percentile(range(200), 99), percentile([3, 1, 2], 99)
    (2, 198, 3)
    """
    ordered = sorted(seconds)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


# -- files


def fsync(path: Path) -> None:
    """Flush a file to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def new_catalog(folder: Path) -> Iterator[omicshelf.Catalog]:
    """Open a catalog in ``folder`` that has been written to, so that nothing is done once."""
    folder.mkdir(parents=True, exist_ok=True)
    first = folder.parent / "first.bin"
    first.write_bytes(b"first")
    with omicshelf.connect(folder) as connection:
        catalog = omicshelf.Catalog("bench", connection=connection)
        if "first" not in catalog:
            catalog.create_dataset("first", "File", first, {})
        yield catalog


def stored_bytes(folder: Path) -> int:
    """Give the bytes that a catalog keeps: all but its database, its cache and its staging."""
    left_out = {"cache", "tmp", "sessions"}
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
        and path.relative_to(folder).parts[0] not in left_out
        and not path.name.startswith("catalog.db")
    )


# -- memory


def peak_memory(work: Callable[[], object]) -> float | None:
    """Give the peak of the resident memory above idle, in MB, of this process and its children.

    Children that live before and after count with their own peaks, so the sum is an upper
    bound. None where the kernel does not tell (only Linux does).
    """
    found = peak_memories(work, {"all": os.getpid()})
    return None if found is None else found["all"]


def peak_memories(
    work: Callable[[], object], processes: Mapping[str, int]
) -> dict[str, float] | None:
    """Give the peaks above idle, in MB, of processes with those that they started.

    One that another of them started counts for itself alone.
    """
    if not Path("/proc/self/clear_refs").exists():
        return None
    gc.collect()
    idle = {
        pid: _memory(pid, "VmRSS")
        for root in processes.values()
        for pid in _family(root, processes.values())
    }
    for pid in idle:
        Path(f"/proc/{pid}/clear_refs").write_text(CLEAR_PEAK)
    work()
    return {
        name: sum(
            _memory(pid, "VmHWM") - idle.get(pid, 0.0) for pid in _family(root, processes.values())
        )
        for name, root in processes.items()
    }


def _family(root: int, apart: Iterable[int]) -> list[int]:
    """Give a process and those that it started, and those that they started; none of others."""
    family, others = [root], set(apart)
    for pid in family:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                children = map(int, (task / "children").read_text().split())
                family += [child for child in children if child not in others]
    return family


def _memory(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0  # a process that has just ended
