"""Made-up scores of made-up customers, and selections from them, without a model or a home."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from schemas.campaign import Campaign
from schemas.config import IngestConfig
from schemas.contacts import BASES, CHANNELS
from schemas.scores import REASON_CODES, SCORE_COLUMNS
from tasks.core.campaigns.choice import published_scores
from tasks.core.campaigns.choice.draw import Experiment
from tasks.core.campaigns.choice.scored_customers import read_side_by_side
from tasks.core.campaigns.choice.selection import Selected, Selection, Terms
from tasks.core.campaigns.choice.values import ByCharges, Values
from tasks.core.contract.customer_ids import FoldedIds, IdTable, fold
from tasks.core.contract.objections import ListedObjections
from tasks.core.extract.whole.whole_extract import Reading
from tasks.core.intake.contact_lists import ContactBases
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import identify
from tests.harness.environment import SECRET
from tests.harness.home import Home

_WHOLE_BLOCKS = Reading.blocks


def write_scores(path: Path, ids: Sequence[str], seed: int = 0, levels: int = 10**6) -> Path:
    """Write a scores.csv of these customers; with few levels, many probabilities are equal."""
    rng = np.random.default_rng(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SCORE_COLUMNS)
        for each in ids:
            p = int(rng.integers(0, levels + 1)) / levels
            reasons = [str(word) for word in rng.choice(REASON_CODES[1:], 3, replace=False)]
            raised = int(rng.integers(0, 4))
            writer.writerow(
                (
                    each,
                    f"{p:.6f}",
                    int(p > 0.5),
                    10 - min(int(p * 10), 9),
                    "high" if p > 0.6 else "medium" if p > 0.3 else "low",
                    *(reason if place < raised else "" for place, reason in enumerate(reasons)),
                    int(rng.random() < 0.9),
                    "b" * 16,
                )
            )
    return path


def make_bases(ids: Sequence[str], seed: int = 0) -> dict[tuple[str, str], str]:
    """Give about two thirds of the customers a basis for each channel."""
    rng = np.random.default_rng(seed)
    return {
        (each, channel): str(rng.choice(BASES))
        for each in ids
        for channel in CHANNELS
        if rng.random() < 2 / 3
    }


def listed(bases: Mapping[tuple[str, str], str]) -> ContactBases:
    """Read bases as the engine reads a list."""
    codes: dict[str, list[int]] = {}
    for (each, channel), basis in bases.items():
        of_customer = codes.setdefault(fold(each), [-1] * len(CHANNELS))
        of_customer[CHANNELS.index(channel)] = BASES.index(basis)  # type: ignore[arg-type]
    table = IdTable(FoldedIds([[*codes]]))
    return ContactBases(table, np.array([*codes.values(), [-1] * len(CHANNELS)], dtype=np.int8))


def terms_of(
    campaign: Campaign,
    *,
    objected: Sequence[str] = (),
    bases: Mapping[tuple[str, str], str] | None = None,
    resting: Sequence[str] = (),
    values: Values | None = None,
) -> Terms:
    """Make the terms of a campaign; without bases there is no list of them."""
    return Terms(
        campaign=campaign,
        objections=ListedObjections([*map(fold, objected)]),
        bases=None if bases is None else listed(bases),
        resting=IdTable(FoldedIds([[*map(fold, resting)]])),
        values=values or ByCharges(campaign.value),  # type: ignore[arg-type]
        experiment=Experiment(campaign.experiment.id, SECRET),
    )


@contextmanager
def selected_from(
    scores: Path,
    extract: Path,
    terms: Terms,
    folder: Path,
    *,
    threads: int = 1,
    batch_bytes: int = 2**23,
    block_bytes: int = 2**23,
    config: IngestConfig | None = None,
) -> Iterator[Selected]:
    """Select from scores and their extract, read in batches and blocks of a chosen size."""

    def blocks(reading: Reading, texts: Any) -> Any:
        return _WHOLE_BLOCKS(reading, texts, block_bytes)

    with (
        closing(Selection(terms, folder)) as selection,
        patch.object(published_scores, "_BATCH_BYTES", batch_bytes),
        patch.object(Reading, "blocks", blocks),
    ):
        read_side_by_side(
            scores,
            identify(ExtractPath(extract, delivered=False)),
            config or IngestConfig(),
            selection.add,
            threads=threads,
            on_read=lambda _: None,
        )
        yield selection.finish()


def charges_of(customers: pd.DataFrame) -> dict[str, float]:
    """Return the MonthlyCharges by id."""
    return dict(zip(customers["customerID"], customers["MonthlyCharges"].astype(float), strict=True))


def files_below(home: Home, *places: str) -> dict[str, bytes]:
    """Return every file in some places of a home by its path there; locks aside."""
    return {
        str(path.relative_to(home.path)): path.read_bytes()
        for place in places
        for path in sorted((home.path / place).rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
