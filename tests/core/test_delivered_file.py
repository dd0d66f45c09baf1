from pathlib import Path

from tasks.core.delivered_file import ExtractPath

MARY = Path("/inbox/Mary Smith.csv")


def test_only_the_operators_name_for_an_extract_is_shown() -> None:
    """One that was delivered is called by a hash of its name, wherever it lies."""
    delivered = ExtractPath(MARY, delivered=True)

    assert ExtractPath(MARY, delivered=False).label == "Mary Smith.csv"
    assert delivered.label == ExtractPath(Path("/work") / MARY.name, delivered=True).label
    assert len(delivered.label) == 16
    assert int(delivered.label, 16) > 0
