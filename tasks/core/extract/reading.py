"""Read a CRM extract: bytes in, accepted customers and quarantine out, every line accounted for."""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from schemas.columns import CATEGORIES, FEATURES, ID, NUMBERS, SIMULATED_ID_PREFIX, TARGET
from schemas.config import IngestConfig
from schemas.extract import ScoringExtract, TrainingExtract
from schemas.manifest import ExtractIdentity
from schemas.reasons import HINTS
from schemas.reports import RowCounts
from tasks.core.errors import ExtractError, shown
from tasks.core.extract import refusals
from tasks.core.extract.contract import FAULT_COLUMNS, judge
from tasks.core.extract.dialect import recognise
from tasks.core.extract.folding import canonical_values, check_value_maps, contract_names
from tasks.core.extract.lines import Lines, count_data_lines, read_lines
from tasks.core.extract.numbers import parse_numbers
from tasks.core.extract.personal import refuse_personal_columns

Purpose = Literal["training", "scoring"]

_MODELS: Final = {"training": TrainingExtract, "scoring": ScoringExtract}
_BLANK_WORDS: Final = {"TotalCharges": ("NA",)}
"""TotalCharges of customers not billed yet, as Windows tools write a missing number."""
_UNDERSTOOD: Final = ("whole", "decimal", "blank")
"""Forms of number cells whose parsed value says all that the text does."""


@dataclass(frozen=True)
class Extract:
    """An extract that keeps the contract.

    `customers` has a row an accepted customer, in the file's order: `customerID` and category
    columns as canonical text, number columns as float64 (`TotalCharges` NaN where it was blank),
    and `Churn` for training; its index is the physical line. `quarantine` has a row a fault:
    `line`, `column`, `reason`, `hint`. `extract_id` is the first 16 hex digits of the bytes' SHA-256.
    """

    name: str
    extract_id: str
    sha256: str
    simulated: bool
    customers: pd.DataFrame
    quarantine: pd.DataFrame
    counts: RowCounts
    ignored_columns: tuple[str, ...]

    @property
    def identity(self) -> ExtractIdentity:
        """Say which extract something was made from, without its file name."""
        return ExtractIdentity(
            extract_id=self.extract_id,
            sha256=self.sha256,
            simulated=self.simulated,
            counts=self.counts,
        )


def read_extract(data: bytes, name: str, purpose: Purpose, config: IngestConfig) -> Extract:
    """Read and judge the bytes of an extract called `name`, whose control characters are replaced.

    Raises:
        ExtractError: the file as a whole breaks the contract; the message names the way out.
        ConfigError: an alias or value map of the config cannot be applied.
    """
    name = shown(name)
    check_value_maps(config)
    dialect = recognise(data, name)
    known = contract_names(dialect.header, config)
    wanted = [ID, *FEATURES, *([TARGET] if purpose == "training" else [])]
    refusals.refuse_header(dialect.header, known, wanted, name)
    lines = read_lines(data, dialect, name)
    refusals.refuse_no_rows(lines, name)
    refuse_personal_columns(lines.cells, dialect.header, known, config.allow_personal_columns, name)
    cells = lines.cells[[known.index(column) for column in wanted]].set_axis(wanted, axis="columns")
    refusals.refuse_blank_columns(cells, name)
    parsed = _parse(cells, config)
    refusals.refuse_foreign_vocabulary(parsed, name)
    repeated = _repeated(parsed, cells)
    faults = judge(parsed[~repeated], _MODELS[purpose].to_schema())
    quarantine = _quarantine(faults, lines)
    accepted = parsed[~repeated & ~parsed.index.isin(faults["line"])]
    counts = RowCounts(
        received=count_data_lines(data, dialect),
        accepted=len(accepted),
        quarantined=quarantine["line"].nunique(),
        exact_duplicates=int(repeated.sum()),
        blank_lines=lines.blank,
    )
    refusals.refuse_lost_lines(counts, name)
    refusals.refuse_too_many_bad(counts, quarantine, config.max_quarantined_share, name)
    if purpose == "training":
        refusals.refuse_unlearnable(accepted, config.min_training_rows, name)
    digest = hashlib.sha256(data).hexdigest()
    return Extract(
        name=name,
        extract_id=digest[:16],
        sha256=digest,
        simulated=_is_simulated(accepted, name),
        customers=accepted[wanted],
        quarantine=quarantine,
        counts=counts,
        ignored_columns=tuple(
            sent for sent, column in zip(dialect.header, known, strict=True) if sent and column not in wanted
        ),
    )


def _parse(cells: pd.DataFrame, config: IngestConfig) -> pd.DataFrame:
    """Turn text cells into the parsed frame that `schemas.extract` judges."""
    parsed = {}
    for column in map(str, cells):
        if column in NUMBERS:
            number = parse_numbers(cells[column], blank_words=_BLANK_WORDS.get(column, ()))
            parsed[column] = number["value"]
            parsed[f"{column}_form"] = number["form"]
        elif column in CATEGORIES or column == TARGET:
            parsed[column] = canonical_values(cells[column], config)
        else:
            parsed[column] = cells[column]
    return pd.DataFrame(parsed, index=cells.index)


def _repeated(parsed: pd.DataFrame, cells: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which rows, (N,) bool, repeat an earlier one in every column.

    Spelling makes no difference where a cell was understood: '50' repeats '50.0', as 'YES'
    repeats 'Yes'. A number that was not understood is compared by the text that was sent.
    """
    unread = {
        f"{column}_sent": cells[column].where(~parsed[f"{column}_form"].isin(_UNDERSTOOD), "")
        for column in NUMBERS
    }
    return parsed.assign(**unread).duplicated(keep="first")


def _quarantine(faults: pd.DataFrame, lines: Lines) -> pd.DataFrame:
    broken = pd.DataFrame(
        [(line, "", reason) for line, reason in lines.faults.items()], columns=FAULT_COLUMNS
    ).astype({"line": "int64"})
    listed = pd.concat([frame for frame in (broken, faults) if len(frame)] or [broken], ignore_index=True)
    listed = listed.sort_values(FAULT_COLUMNS, ignore_index=True)
    return listed.assign(hint=listed["reason"].map(HINTS).astype("str"))


def _is_simulated(customers: pd.DataFrame, name: str) -> bool:
    simulated = customers[ID].str.startswith(SIMULATED_ID_PREFIX)
    if simulated.any() and not simulated.all():
        raise ExtractError(
            f"extract '{name}' mixes {int(simulated.sum())} simulated customers with"
            f" {int((~simulated).sum())} others. Send one kind a file."
        )
    return bool(simulated.any())
