from contextlib import closing
from io import BytesIO
from itertools import pairwise

import pandas as pd
import pytest

from schemas.config import IngestConfig
from tasks.core.extract.whole import whole_extract
from tasks.core.extract.whole.whole_extract import Reading, judged
from tests.harness.customers import make_customers

CONFIG = IngestConfig(max_quarantined_share=0.9)


def quarantine(data: bytes) -> list[pd.DataFrame]:
    """Read an extract in blocks of a few lines; return the frames of its quarantine."""
    with closing(Reading("x", "scoring", CONFIG)) as reading:
        for reader, block in reading.blocks([("x", BytesIO(data))], block_bytes=1_000):
            reading.add(judged(reader, block, reader.read(block)))
        return list(reading.quarantine(reading.finish().repeats))


def test_the_quarantine_is_the_same_however_many_faults_are_spelled_out_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Frames of many blocks' faults, of one block's, or cut where a block is full, are one table."""
    table = make_customers(60).astype({"tenure": object})
    table.loc[::4, "tenure"] = "many"
    data = table.to_csv(index=False).encode()
    (whole,) = quarantine(data)

    for at_once in (0, 3):
        monkeypatch.setattr(whole_extract, "_FAULTS_AT_ONCE", at_once)
        frames = quarantine(data)
        assert len(frames) > 3
        assert all(a["line"].max() < b["line"].min() for a, b in pairwise(filter(len, frames)))
        pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), whole)

    assert whole["line"].tolist() == list(range(2, 62, 4))


def test_an_extract_without_faults_has_an_empty_table() -> None:
    """There is always a frame, from which the header is written."""
    (frame,) = quarantine(make_customers(20).to_csv(index=False).encode())

    assert frame.empty
    assert list(frame) == ["line", "column", "reason", "hint"]
