"""Extracts from unknown senders: scored, or refused in one line that says what to change."""

from pathlib import Path

import pytest

from schemas.config import IngestConfig
from tasks.core.errors import ExtractError
from tests.harness.flow_home import FlowHome
from tests.harness.strangers import ROWS, STRANGERS

REFUSED = {
    "excel in French": "decimal comma. Export numbers with a point",
    "excel, saved as Unicode text": "is in UTF-16; expected UTF-8. Export it as 'CSV UTF-8'",
    "excel workbook": "save it as 'CSV UTF-8'",
    "German values": "'Partner' expects 'No', 'Yes'",
    "French headers": "'Contract' (is it 'contrat'?)",
    "True and False": "Export these values, or map the sender's in ingest.value_maps",
    "SeniorCitizen as Yes and No": "'SeniorCitizen' expects '0', '1'",
    "one-hot": "'Partner' (one-hot)",
    "ids in scientific notation": "most often damaged_id in 'customerID'",
    "no ids": "has no values in 'customerID'. Export the values",
    "thousands separated": "such as 29.85, without thousands separators, units or invisible characters",
    "currency signs": "most often not_a_number in 'MonthlyCharges'",
    "tenure in years": "Tenure is in whole months",
    "a model's output": "contains only 1 column name from the contract",
    "a slice without header": "Export it with the 20 column names on the first line",
    "three columns only": "is missing 17 of 20 columns",
    "names and e-mail addresses": "'contact' contains e-mail addresses. Export it without these columns",
    "transposed": "has no header",
    "JSON lines": "is JSON; expected CSV text",
    "web page": "is HTML or XML; expected CSV text",
    "empty": "is empty; expected a header and one line per customer. Export it again",
    "header only": "has a header but no customers",
    "features only": "is missing 1 of 20 columns: 'customerID'",
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_strangers_extract(name: str, trained_home: FlowHome, tmp_path: Path) -> None:
    """Customers are scored and counted, or one line tells the sender what to change; never a traceback."""
    extract = tmp_path / "crm_2026-03-05.csv"
    extract.write_bytes(STRANGERS[name]())

    if name not in REFUSED:
        assert trained_home.score(extract).is_completed()
        assert len(trained_home.scores()) >= (1 - IngestConfig().max_quarantined_share) * ROWS
        return
    with pytest.raises(ExtractError) as refusal:
        trained_home.score(extract)
    said = str(refusal.value)
    assert REFUSED[name] in said
    assert said.startswith("extract 'crm_2026-03-05.csv'")
    assert "\n" not in said
    assert "TEST-000" not in said
    assert "example.org" not in said
    assert trained_home.published() == []


def test_a_month_to_come(trained_home: FlowHome, tmp_path: Path) -> None:
    """An extract of the wrong month is refused by its name."""
    extract = tmp_path / "crm_2031-01-01.csv"
    extract.write_bytes(STRANGERS["everything quoted"]())

    with pytest.raises(ExtractError, match="dated 2031-01-01, which is in the future"):
        trained_home.score(extract)
