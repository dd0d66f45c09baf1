"""Make the extracts that benchmarks score: simulated, or resampled from a real one.

A resampled extract has the real customers' cells and labels under fresh ids, and never goes into the
repository.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import EXTRACT_ORDER
from schemas.config import IngestConfig
from tasks.core.arrow_text import text_buffers
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.simulator.bad_rows import Fault, Plan, plan_faults, spoil
from tasks.core.simulator.customer_frame import simulated_id
from tasks.core.simulator.extract_writer import write_extract
from tasks.core.storage.atomic import make_folder, replacing
from tasks.core.storage.hashing import sha256

PLANTED_SHARE: Final = 0.001
"""Customers with a fault, unless the kind of extract is about faults."""
UNREADABLE: Final = (
    Fault.STRAY_QUOTE,
    Fault.SHORT_ROW,
    Fault.LONG_ROW,
    Fault.CONTROL_CHARACTER,
    Fault.INVALID_UTF8,
)
"""Faults of whole lines, at which the other contenders' readers stop or lose rows."""

_SEED: Final = 1
_CHUNK_ROWS: Final = 2**17
"""Resampled customers in memory at a time."""
_HEADER: Final = ",".join(EXTRACT_ORDER)
_LETTERS, _DIGITS = 5, 4
_ID_OCTETS: Final = _DIGITS + 1 + _LETTERS
_IDS: Final = 10**_DIGITS * 26**_LETTERS
"""Ids of the real form: four digits, a hyphen, five capital letters."""
_STRIDE: Final = 73_430_942_011
"""Shares no factor with the number of ids, so ids repeat only after all of them."""


@dataclass(frozen=True)
class Origin:
    """Where customers come from: drawn from the `real` extract, or simulated if it is None."""

    real: Path | None

    @property
    def name(self) -> str:
        """What tables call it."""
        return "simulated" if self.real is None else "resampled"

    def folder(self, parent: Path) -> Path:
        """Make the folder of everything made from it; another real extract has another folder."""
        suffix = f"-{sha256(self.real.read_bytes())[:8]}" if self.real is not None else ""
        return make_folder(parent / f"{self.name}{suffix}")

    def write(self, path: Path, *, rows: int, bad_share: float = PLANTED_SHARE) -> None:
        """Write an extract of `rows` customers, `bad_share` of them with a fault in a cell.

        Raises:
            SystemExit: the real extract is not written as the CRM writes it.
        """
        kinds = [fault for fault in Fault if fault not in UNREADABLE]
        faults = [kinds[i % len(kinds)] for i in range(round(rows * bad_share))]
        if self.real is None:
            write_extract(path, rows=rows, seed=_SEED, faults=faults, labelled=False)
        else:
            _write_resampled(path, _tails(self.real), rows, faults)


def extract_of(origin: Origin, folder: Path, rows: int) -> Path:
    """Return the plain extract of `rows` customers in an origin's folder; write it if it is not there."""
    path = folder / f"extract-{rows}.csv"
    if not path.exists():
        print(f"writing {rows:,} {origin.name} customers", flush=True)
        origin.write(path, rows=rows)
    return path


def fresh_ids(start: int, stop: int) -> Any:
    """Return the ids of customers `start` to `stop`, all different: a StringArray, such as 0618-QKXBW."""
    number = np.arange(start + 1, stop + 1, dtype=np.uint64) * np.uint64(_STRIDE) % np.uint64(_IDS)
    octets = np.full((stop - start, _ID_OCTETS), ord("-"), dtype=np.uint8)
    for place in reversed(range(_DIGITS + 1, _ID_OCTETS)):
        octets[:, place] = ord("A") + number % 26
        number //= 26
    for place in reversed(range(_DIGITS)):
        octets[:, place] = ord("0") + number % 10
        number //= 10
    ends = np.arange(len(octets) + 1, dtype=np.int32) * _ID_OCTETS
    return pa.StringArray.from_buffers(len(octets), pa.py_buffer(ends), pa.py_buffer(octets))


def _tails(real: Path) -> Any:
    """Return the accepted rows of a real extract without their ids: a StringArray of `,cell,...,cell`."""
    data = real.read_bytes()
    lines = data.decode().split("\n")
    if lines[0] != _HEADER or b'"' in data:
        raise SystemExit(f"{real.name}: expected plain CSV with the contract's columns in their order")
    accepted = read_extract(data, real.name, "training", IngestConfig()).customers.index
    return pa.array([lines[line - 1][lines[line - 1].index(",") :] for line in accepted])


def _write_resampled(path: Path, tails: Any, rows: int, faults: Sequence[Fault]) -> None:
    """Draw customers with replacement and write them chunk by chunk."""
    rng = np.random.default_rng(_SEED)
    plan = plan_faults(rows, faults, _SEED)
    with replacing(path) as file:
        file.write(f"{_HEADER}\n".encode())
        for start in range(0, rows, _CHUNK_ROWS):
            stop = min(start + _CHUNK_ROWS, rows)
            drawn = tails.take(pa.array(rng.integers(len(tails), size=stop - start)))
            lines = pc.binary_join_element_wise(fresh_ids(start, stop), drawn, "\n", "")
            first, last = (bisect_left(plan, each, key=_customer) for each in (start, stop))
            file.writelines(_with_faults(lines, start, plan[first:last]))


def _customer(planned: Plan) -> int:
    return planned.customer


def _with_faults(lines: Any, start: int, plan: Sequence[Plan]) -> list[bytes | memoryview]:
    """Return the text of a chunk whose first customer is `start`, with the lines of the plan spoilt."""
    octets, ends = text_buffers(lines)
    pieces: list[bytes | memoryview] = []
    written = 0
    for planned in plan:
        place = planned.customer - start
        pieces.append(memoryview(octets[written : ends[place]]))
        pieces.append(f"{_spoilt(lines[place].as_py(), planned)}\n".encode())
        written = ends[place + 1]
    return [*pieces, memoryview(octets[written:])]


def _spoilt(line: str, planned: Plan) -> str:
    """Plant a fault in a line; two that conflict share the first one's fresh id."""
    spoilt = spoil(dict(zip(EXTRACT_ORDER, line.removesuffix("\n").split(","), strict=True)), planned)
    if planned.fault is not Fault.CONFLICTING_ID:
        return spoilt
    first = planned.customer - planned.partner
    return spoilt.replace(simulated_id(first), fresh_ids(first, first + 1)[0].as_py())
