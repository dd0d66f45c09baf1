"""Read published scores side by side with the extract that they were made from, in constant memory."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

from schemas.config import IngestConfig
from tasks.core.arrow_text import Octets
from tasks.core.campaigns.choice.published_scores import PublishedRows, read_scores
from tasks.core.compiled import compiled
from tasks.core.contract.accepted import Accepted
from tasks.core.engine.turns import Turns
from tasks.core.errors import ConfigError
from tasks.core.extract.reader.file_reader import SourceReader
from tasks.core.extract.text.blocks import Block
from tasks.core.extract.whole.whole_extract import Reading
from tasks.core.intake.delivery import Delivery, Texts

Pair = Callable[[Accepted, PublishedRows], None]
"""Takes N scored customers and their N rows of scores.csv."""


def read_side_by_side(
    scores: Path,
    delivery: Delivery,
    config: IngestConfig,
    take: Pair,
    *,
    threads: int,
    on_read: Callable[[float], None],
) -> None:
    """Give the scored customers to `take`, in the order of the extract, and the share read to `on_read`.

    Raises:
        ConfigError: the extract does not have the scored customers in the order of their scores.
        ExtractError: the extract cannot be read as it was when it was scored.
    """
    join = _Join(read_scores(scores), take)

    def read(item: tuple[SourceReader, Block]) -> Accepted:
        reader, block = item
        return reader.read(block).customers

    texts = Texts(delivery, config)
    reading = Reading(delivery.name, "scoring", config)
    with closing(reading), closing(reading.blocks(texts)) as blocks:
        Turns(blocks, read, join.add).run(threads=threads, on_given=lambda: on_read(texts.share))
    join.finish()


class _Join:
    """Finds each scored customer among an extract's valid rows, both in the order of the extract."""

    def __init__(self, scores: Iterator[PublishedRows], take: Pair) -> None:
        self._scores, self._take = scores, take
        self._rows = next(scores, None)
        self._done = 0

    def add(self, customers: Accepted) -> None:
        """Take the extract's next valid rows; those that were not scored are skipped."""
        row = 0
        while self._rows is not None and row < len(customers):
            scored = np.zeros(len(customers), dtype=np.bool_)
            first, rows = self._done, self._rows
            row, self._done = _match(
                customers.octets, customers.ids, row, rows.octets, rows.ids, first, scored
            )
            if self._done > first:
                self._take(customers.where(scored), rows.where(slice(first, self._done)))
            if self._done == len(rows):
                self._rows, self._done = next(self._scores, None), 0

    def finish(self) -> None:
        """Check that every scored customer was found."""
        if self._rows is not None:
            raise ConfigError(
                "the extract does not have the customers of the scores in their order. Pass the extract that"
                " was scored with --extract."
            )


@compiled
def _match(
    octets: Octets,
    ids: npt.NDArray[np.int64],
    row: int,
    scored_octets: Octets,
    scored_ids: npt.NDArray[np.int64],
    done: int,
    scored: npt.NDArray[np.bool_],
) -> tuple[int, int]:
    """Mark the rows of scored customers until one side ends; return where each side stands."""
    while row < len(ids) and done < len(scored_ids):
        start, first = np.uintp(ids[row, 0]), np.uintp(scored_ids[done, 0])
        size = np.uintp(ids[row, 1]) - start
        same = size == np.uintp(scored_ids[done, 1]) - first
        i = np.uintp(0)
        while same and i < size:
            same = octets[start + i] == scored_octets[first + i]
            i += np.uintp(1)
        scored[row] = same
        done += same
        row += 1
    return row, done
