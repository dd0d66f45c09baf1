from pathlib import Path

import pytest

from schemas.config import IngestConfig
from tasks.ingest import ingest
from tests.harness.customers import make_customers


def test_quirks_are_counted_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What a training reads although it is written otherwise is one warning, without values."""
    path = tmp_path / "crm.csv"
    config = IngestConfig(min_training_rows=50)
    table = make_customers(80).astype({"tenure": str})
    table.to_csv(path, index=False)
    ingest(path, config)
    assert "written otherwise" not in caplog.text

    table["tenure"] += " "
    table.to_csv(path, index=False)

    assert ingest(path, config).counts.accepted == 80
    assert "Read although written otherwise: numbers with blanks around them: 80" in caplog.messages
