"""Keep what the list says of each candidate on disk until the cut is known."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.columns import CATEGORIES, NUMBERS
from schemas.contacts import CHANNELS
from schemas.scores import REASONS
from tasks.core.campaigns.choice.published_scores import PublishedRows
from tasks.core.contract.accepted import Accepted
from tasks.core.storage.spill import spill_file

DETAIL: Final = np.dtype(
    [
        ("probability", "<f8"),
        ("profit", "<f8"),
        ("cost", "<f8"),
        ("bucket", "<i2"),
        ("decile", "i1"),
        ("band", "i1"),
        ("reasons", "i1", (len(REASONS),)),
        ("codes", "i1", (len(CATEGORIES),)),
        ("numbers", "<f8", (len(NUMBERS),)),
        ("forms", "i1", (len(NUMBERS),)),
        ("bases", "i1", (len(CHANNELS),)),
        ("id_start", "<i8"),
        ("id_end", "<i8"),
    ]
)
"""One candidate; codes as in `Accepted` and `PublishedRows`, and the place of the id among all ids."""

Details = npt.NDArray[np.void]

_AT_ONCE: Final = 2**16


class DetailSpill:
    """Details and ids of candidates, spilled to unnamed files."""

    def __init__(self, folder: Path) -> None:
        """Spill into the folder."""
        self._details, self._ids = spill_file(folder), spill_file(folder)
        self._octets = 0

    def add(
        self,
        customers: Accepted,
        rows: PublishedRows,
        bases: npt.NDArray[np.int8],
        columns: dict[str, npt.NDArray[np.generic]],
    ) -> None:
        """Add N candidates, with their (N, 3) bases and further columns of `DETAIL`, (N,) each."""
        sizes = customers.ids[:, 1] - customers.ids[:, 0]
        ends = self._octets + np.cumsum(sizes)
        details = np.zeros(len(customers), dtype=DETAIL)
        for name, column in columns.items():
            details[name] = column
        details["probability"], details["decile"], details["band"] = rows.probability, rows.decile, rows.band
        details["reasons"], details["bases"] = rows.reasons, bases
        details["codes"], details["numbers"], details["forms"] = (
            customers.codes,
            customers.numbers,
            customers.forms,
        )
        details["id_start"], details["id_end"] = ends - sizes, ends
        self._details.write(details.tobytes())
        self._ids.write(customers.joined_ids())
        self._octets += int(sizes.sum())

    def read(self, places: npt.NDArray[np.int64]) -> Details:
        """Return the details of M candidates by their places, (M,) in any order."""
        order = np.argsort(places, kind="stable")
        found = np.empty(len(places), dtype=DETAIL)
        self._details.seek(0)
        first = done = 0
        while done < len(places) and (data := self._details.read(DETAIL.itemsize * _AT_ONCE)):
            batch = np.frombuffer(data, dtype=DETAIL)
            upto = int(np.searchsorted(places[order], first + len(batch)))
            found[order[done:upto]] = batch[places[order[done:upto]] - first]
            first, done = first + len(batch), upto
        return found

    def ids(self, details: Details) -> Iterator[str]:
        """Yield the candidates' ids, best in the order in which they were added."""
        for start, end in zip(details["id_start"].tolist(), details["id_end"].tolist(), strict=True):
            self._ids.seek(start)
            yield self._ids.read(end - start).decode()

    def close(self) -> None:
        """Release the spill files."""
        self._details.close()
        self._ids.close()
