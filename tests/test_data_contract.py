from pathlib import Path

from docs.data_contract import contract_document
from schemas.contact_lists import REASONS
from schemas.extract import TrainingExtract

ROOT = Path(__file__).parents[1]


def test_the_document_is_the_contract() -> None:
    """docs/data-contract.md matches the models."""
    written = (ROOT / "docs" / "data-contract.md").read_text(encoding="utf-8")

    assert written == contract_document(), "renew it: python -m docs.data_contract > docs/data-contract.md"


def test_every_check_is_documented() -> None:
    """No check of the models is missing from the document."""
    schema = TrainingExtract.to_schema()
    document = contract_document()

    assert all(f"`{check.name}`" in document for check in schema.checks)
    assert document.count("not blank") == 3
    assert all(f"`{reason}`" in document for reason in REASONS)
    assert "0 to 120" in document
    assert document.count("at most 10,000;") == document.count("at most 1,000,000;") == 1
