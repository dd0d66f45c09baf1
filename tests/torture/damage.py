"""Torture test: damage an extract and a bundle at every byte."""

import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pandas as pd

from schemas.columns import EXTRACT_ORDER, ID, TARGET
from schemas.config import IngestConfig
from tasks.core.bundle.registry import BUNDLES, open_champion
from tasks.core.errors import BundleError, ExtractError, RegistryError
from tasks.core.extract.whole.in_memory import Extract, read_extract
from tests.harness.customers import make_customers
from tests.torture.outcome import Outcome, drawn

ROWS: Final = 50
CONFIG: Final = IngestConfig(max_quarantined_share=0.9)
LAST_NUMBER: Final = "TotalCharges"
_WITHIN_LAST: Final = re.compile(rb"^(?:[^,]*,){%d}[^,]+$" % (len(EXTRACT_ORDER) - 2))
"""The rest of a line that was cut off behind its last comma."""

_MARKS: Final = (b'"', b",", b"\n")

Read = Callable[[bytes], Extract]
Opening = Callable[[Path], object]


def read(data: bytes) -> Extract:
    """Read made-up bytes as an extract to score."""
    return read_extract(data, "damaged.csv", "scoring", CONFIG)


def extract_bytes(*, labelled: bool = True) -> bytes:
    """Write fifty customers; the last column is the outcome, or TotalCharges without it."""
    columns = [*EXTRACT_ORDER] if labelled else [name for name in EXTRACT_ORDER if name != TARGET]
    assert columns[-1] == (TARGET if labelled else LAST_NUMBER)
    return make_customers(ROWS)[columns].to_csv(index=False).encode()


def attack(
    reading: Read = read, sample: int | None = None, *, seed: int = 0, show: bool = False
) -> list[Outcome]:
    """Insert a quote, a comma and a line end at every byte of an extract, and delete each that is there.

    The extract is refused, or every line is accounted for, and all customers but those whose line was
    touched are as they were.
    """
    data = extract_bytes()
    sound = reading(data).customers.set_index(ID)
    outcome = Outcome("extract: a quote, comma or line end more or less at every byte")
    for at, mutant in outcome.over(drawn(list(_mutants(data)), sample, seed), show=show):
        outcome.violations += [f"byte {at}: {each}" for each in _judge(reading, mutant, sound)]
    return [outcome]


def cut(
    reading: Read = read, sample: int | None = None, *, seed: int = 0, show: bool = False
) -> list[Outcome]:
    """Cut an extract off at every byte: a customer who is cut off is never taken for a whole one.

    One limit is known and allowed. The last line needs no line end, so where the last column is a
    number, as TotalCharges of an extract without outcomes, a cut within it leaves another number, which
    only a sidecar can tell: there, and nowhere else, the last customer's TotalCharges may differ.
    """
    outcomes = []
    for labelled, last in ((True, "the outcome"), (False, "a number")):
        data = extract_bytes(labelled=labelled)
        sound = reading(data).customers.set_index(ID)
        outcome = Outcome(f"extract whose last column is {last}: cut off at every byte")
        for size in outcome.over(drawn(range(len(data)), sample, seed), show=show):
            in_number = not labelled and _WITHIN_LAST.search(data[:size].rpartition(b"\n")[2]) is not None
            outcome.violations += [
                f"byte {size}: {each}"
                for each in _judge(reading, data[:size], sound, touched=0, lost=ROWS, cut_number=in_number)
            ]
        outcomes.append(outcome)
    return outcomes


def flip(
    template: Path,
    folder: Path,
    flips: int,
    opening: Opening = open_champion,
    *,
    seed: int = 0,
    show: bool = False,
) -> Outcome:
    """Flip single bits of the champion's files: every one is found before anything is loaded."""
    registry = Path(shutil.copytree(template / "registry", folder / "flipped"))
    champion = open_champion(registry)
    assert champion is not None
    files = sorted((registry / BUNDLES / champion.manifest.bundle_id).iterdir())
    dice = random.Random(seed)  # noqa: S311 places, not secrets
    outcome = Outcome("bundle: one bit flipped")
    for _ in outcome.over(range(flips), show=show):
        file = dice.choice(files)
        data = bytearray(file.read_bytes())
        sound, at = bytes(data), dice.randrange(len(data))
        data[at] ^= 1 << dice.randrange(8)
        file.write_bytes(data)
        try:
            opening(registry)
            outcome.violations.append(f"{file.name}, byte {at}: loaded")
        except (BundleError, RegistryError):
            pass
        finally:
            file.write_bytes(sound)
    return outcome


def _mutants(data: bytes) -> Iterator[tuple[int, bytes]]:
    for at in range(len(data) + 1):
        for mark in _MARKS:
            yield at, data[:at] + mark + data[at:]
        if data[at : at + 1] in _MARKS:
            yield at, data[:at] + data[at + 1 :]


def _judge(
    reading: Read,
    mutant: bytes,
    sound: pd.DataFrame,
    *,
    touched: int = 1,
    lost: int = 2,
    cut_number: bool = False,
) -> list[str]:
    try:
        found = reading(mutant)
    except ExtractError:
        return []
    body = mutant.lstrip(b"\n")  # blank lines above the header are not customers
    lines = body.count(b"\n") + (not body.endswith(b"\n")) - 1
    counts, customers = found.counts, found.customers.set_index(ID)
    said = []
    if counts.received != lines:
        said.append(f"{counts.received} lines counted of {lines}")
    if lines != counts.accepted + counts.quarantined + counts.exact_duplicates + counts.blank_lines:
        said.append("lines are not accounted for")
    known = customers.index.intersection(sound.index)
    expected = sound.loc[known].copy()
    if cut_number and len(known):
        expected.loc[known[-1], LAST_NUMBER] = customers.loc[known[-1], LAST_NUMBER]
    changed = customers.loc[known].compare(expected)
    if len(changed) > touched:
        said.append(f"{len(changed)} customers changed")
    if len(known) < ROWS - lost:
        said.append(f"{ROWS - len(known)} customers lost")
    return said
