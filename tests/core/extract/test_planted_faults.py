from pathlib import Path

from schemas.config import IngestConfig
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.simulator.bad_rows import Fault
from tasks.core.simulator.extract_writer import write_extract

REASONS = {
    Fault.BAD_CATEGORY: "unknown_category",
    Fault.BAD_NUMBER: "not_a_number",
    Fault.DECIMAL_COMMA: "decimal_comma",
    Fault.INFINITY: "not_finite",
    Fault.NEGATIVE_CHARGE: "negative",
    Fault.BLANK_CHARGE: "missing_value",
    Fault.BLANK_TOTAL: "total_blank",
    Fault.INCOHERENT_INTERNET: "internet_incoherent",
    Fault.INCOHERENT_PHONE: "phone_incoherent",
    Fault.INCOHERENT_TOTAL: "total_incoherent",
    Fault.TENURE_FRACTION: "not_whole",
    Fault.TENURE_OUT_OF_RANGE: "out_of_range",
    Fault.MISSING_ID: "missing_id",
    Fault.CONFLICTING_ID: "conflicting_id",
    Fault.SHORT_ROW: "short_row",
    Fault.LONG_ROW: "long_row",
    Fault.STRAY_QUOTE: "stray_quote",
    Fault.CONTROL_CHARACTER: "control_character",
    Fault.INVALID_UTF8: "invalid_encoding",
}
ROWS, EACH = 50_000, 50


def test_every_planted_fault_is_found_and_nobody_else_is_accused(tmp_path: Path) -> None:
    """Fifty faults of each of twenty kinds in 50,000 rows all get their reason, and no other row gets one."""
    path = tmp_path / "planted.csv"
    written = write_extract(path, rows=ROWS, seed=1, faults=[fault for fault in Fault for _ in range(EACH)])
    repeats = [planted.line for planted in written.planted if planted.fault is Fault.IDENTICAL_REPEAT]
    expected = {
        planted.line: REASONS[planted.fault]
        for planted in written.planted
        if planted.fault is not Fault.IDENTICAL_REPEAT
    }

    extract = read_extract(path.read_bytes(), path.name, "training", IngestConfig())

    found = dict(extract.quarantine[["line", "reason"]].itertuples(index=False, name=None))
    assert len(Fault) == 20
    assert found == expected
    assert len(extract.quarantine) == len(found) == 20 * EACH  # a conflict has two lines, a repeat none
    assert extract.counts.exact_duplicates == len(repeats) == EACH
    assert extract.counts.received == ROWS + EACH
    assert extract.counts.reconciles
    assert extract.simulated
