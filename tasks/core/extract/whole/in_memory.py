"""Read a CRM extract into memory: accepted customers and quarantine, with every line accounted for."""

import hashlib
import io
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

import pandas as pd

from schemas.config import IngestConfig
from schemas.manifest import ExtractIdentity
from schemas.reports import RowCounts
from tasks.core.contract.vocabulary import VOCABULARY
from tasks.core.errors import naming
from tasks.core.extract.reader import refusals
from tasks.core.extract.reader.block_reader import Purpose
from tasks.core.extract.text.blocks import Stream
from tasks.core.extract.whole.whole_extract import Reading, judged


@dataclass(frozen=True)
class Extract:
    """A valid extract in memory.

    `customers` has one row per accepted customer, in file order: `customerID` and category columns
    as canonical text, number columns as float64 (`TotalCharges` is NaN where it was blank), and
    `Churn` for training; it is indexed by physical line. `quarantine` has one row per fault: `line`,
    `column`, `reason`, `hint`. `extract_id` is the first 16 hex digits of the SHA-256. `quirks` counts what
    was read although it is not written as the contract does.
    """

    name: str
    extract_id: str
    sha256: str
    simulated: bool
    customers: pd.DataFrame
    quarantine: pd.DataFrame
    counts: RowCounts
    ignored_columns: tuple[str, ...]
    quirks: Counter[str]

    @property
    def identity(self) -> ExtractIdentity:
        """The identity of the extract, without its file name."""
        return ExtractIdentity(
            extract_id=self.extract_id,
            sha256=self.sha256,
            simulated=self.simulated,
            counts=self.counts,
        )


def read_extract(data: bytes, name: str, purpose: Purpose, config: IngestConfig) -> Extract:
    """Read and judge an extract called `name`, given as bytes.

    Raises:
        ExtractError: the extract as a whole breaks the contract; the message says how to fix it.
        ConfigError: an alias or value map of the config cannot be applied.
    """
    digest = hashlib.sha256(data).hexdigest()
    return read_texts([(name, io.BytesIO(data))], name, digest, purpose, config)


def read_texts(
    texts: Iterable[tuple[str, Stream]], name: str, sha256: str, purpose: Purpose, config: IngestConfig
) -> Extract:
    """Read and judge an extract called `name`, given as the name and text of each file.

    Raises:
        ExtractError: the extract as a whole breaks the contract; the message says how to fix it.
        ConfigError: an alias or value map of the config cannot be applied.
    """
    with closing(Reading(name, purpose, config)) as reading:
        customers = []
        for reader, block in reading.blocks(texts):
            part = reader.read(block)
            customers.append(part.customers.frame()[reading.wanted])
            reading.add(judged(reader, block, part))
        findings = reading.finish()
        accepted = pd.concat(customers)
        for lines in reading.taken_out(findings.repeats):
            if len(lines):
                accepted = accepted.drop(index=lines.tolist())
        accepted = accepted.astype({column: "str" for column in reading.wanted if column in VOCABULARY})
        quarantine = pd.concat(reading.quarantine(findings.repeats), ignore_index=True)
    if purpose == "training":
        with naming(reading.name):
            refusals.refuse_unlearnable(accepted, config.min_training_rows)
    return Extract(
        name=reading.name,
        extract_id=sha256[:16],
        sha256=sha256,
        simulated=findings.simulated,
        customers=accepted,
        quarantine=quarantine,
        counts=findings.counts,
        ignored_columns=reading.ignored_columns,
        quirks=findings.quirks,
    )
