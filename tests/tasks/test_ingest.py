from datetime import date
from pathlib import Path
from unittest.mock import Mock

import pytest

from tasks import ingest
from tasks.core.delivered_file import ExtractPath
from tasks.core.delivery import identify

FIRST = date(2026, 3, 1)


@pytest.mark.parametrize(("asked", "warned"), [(None, 0), (FIRST, 0), (date(2026, 3, 5), 1)])
def test_an_extract_that_was_scored_keeps_its_day_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: date | None, warned: int
) -> None:
    """Who asks for another day is warned that it does not hold."""
    logger = Mock()
    monkeypatch.setattr(ingest, "get_run_logger", lambda: logger)
    (tmp_path / "crm_2026-03-05.csv").write_bytes(b"x")
    sent = identify(ExtractPath(tmp_path / "crm_2026-03-05.csv", delivered=True))
    scores = tmp_path / "scores"
    (scores / f"{FIRST}-{sent.extract_id}-{'0' * 16}").mkdir(parents=True)

    assert ingest.date_extract.fn(sent, asked, scores, delivered=True) == FIRST

    assert logger.warning.call_count == warned
