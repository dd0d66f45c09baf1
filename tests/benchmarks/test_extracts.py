import re
from pathlib import Path
from typing import Any

import pytest

from schemas.columns import EXTRACT_ORDER, FEATURES, ID
from schemas.config import IngestConfig
from tasks.core.extract.whole.in_memory import Extract, read_extract, read_texts
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Texts, identify
from tasks.core.simulator.bad_rows import Fault
from tests.benchmarks import extracts
from tests.benchmarks.extract_kinds import kinds_of
from tests.benchmarks.extracts import Origin, extract_of, fresh_ids
from tests.harness.customers import make_customers

ROWS = 3_000
CONFIG = IngestConfig(max_quarantined_share=0.5)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write made-up customers as the CRM writes real ones, one of them bad."""
    customers = make_customers(600)
    customers.loc[7, "Contract"] = "Weekly"
    path = tmp_path_factory.mktemp("real") / "crm.csv"
    customers.astype({"tenure": int}).to_csv(path, index=False, na_rep=" ")
    return path


def read(path: Path) -> Extract:
    """Read an extract of any form."""
    delivery = identify(ExtractPath(path, delivered=False))
    return read_texts(Texts(delivery, CONFIG), path.name, delivery.sha256, "scoring", CONFIG)


def test_fresh_ids_are_unique_and_have_the_real_form() -> None:
    """Ten million would do, too: the stride shares no factor with the number of ids."""
    ids = [*fresh_ids(0, 50_000).to_pylist(), *fresh_ids(99_950_000, 100_000_000).to_pylist()]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[0-9]{4}-[A-Z]{5}", each) for each in ids)
    assert fresh_ids(7, 8).to_pylist() == fresh_ids(0, 8).to_pylist()[7:]
    assert all(extracts._STRIDE % factor for factor in (2, 5, 13))


def test_resampled_customers_are_real_ones_but_for_the_planted_faults(
    real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every accepted row has the cells and the label of an accepted real one; chunks do not show."""
    monkeypatch.setattr(extracts, "_CHUNK_ROWS", 1_000)
    origin = Origin(real)
    origin.write(tmp_path / "bad.csv", rows=ROWS, bad_share=0.01)
    resampled = read_extract((tmp_path / "bad.csv").read_bytes(), "bad.csv", "training", CONFIG)
    drawn_from = read_extract(real.read_bytes(), "crm.csv", "training", CONFIG).customers

    kinds = [fault for fault in Fault if fault not in extracts.UNREADABLE]
    planted = [kinds[i % len(kinds)] for i in range(30)]
    repeats = planted.count(Fault.IDENTICAL_REPEAT)
    assert resampled.counts.received == ROWS + repeats
    assert resampled.counts.exact_duplicates == repeats
    assert resampled.counts.quarantined == 30 - repeats + planted.count(Fault.CONFLICTING_ID)
    assert not resampled.simulated
    assert _rows(resampled.customers) <= _rows(drawn_from)
    assert len(_rows(resampled.customers)) > 500


def _rows(customers: Any) -> set[tuple[Any, ...]]:
    return set(customers[[*FEATURES, "Churn"]].fillna(-1.0).itertuples(index=False, name=None))


def test_an_extract_of_another_form_is_refused(real: Path, tmp_path: Path) -> None:
    """Its rows could not be drawn as they are."""
    other = tmp_path / "other.csv"
    other.write_bytes(real.read_bytes().replace(b",", b";"))

    with pytest.raises(SystemExit, match="expected plain CSV"):
        Origin(other).write(tmp_path / "x.csv", rows=10)


def test_another_real_extract_has_another_folder(real: Path, tmp_path: Path) -> None:
    """So what was made from the first one is not taken for the second one's."""
    other = tmp_path / "other.csv"
    other.write_bytes(real.read_bytes() + b"\n")
    origins = (Origin(None), Origin(real), Origin(other))

    assert len({origin.folder(tmp_path) for origin in origins}) == 3


@pytest.mark.parametrize("simulated", [True, False], ids=["simulated", "resampled"])
def test_kinds_of_extract_have_equal_content(real: Path, tmp_path: Path, *, simulated: bool) -> None:
    """Each is read with the same customers accepted and as many refused; two kinds have more faults."""
    kinds = kinds_of(Origin(None if simulated else real), tmp_path, ROWS)
    found = {kind: read(path) for kind, path in kinds.items()}
    plain, few, many, *others = found.values()

    assert len(found) == 9
    assert plain.counts.quarantined == 3
    assert 25 <= few.counts.quarantined < 35
    assert 800 <= many.counts.quarantined < 1_000
    for extract in others:
        assert extract.counts == plain.counts
        assert extract.customers[ID].tolist() == plain.customers[ID].tolist()
        assert extract.customers[[*FEATURES]].equals(
            plain.customers[[*FEATURES]].set_axis(extract.customers.index)
        )
    assert {int(path.stem.removeprefix("extract-")) for path in kinds.values()} == {ROWS}
    assert kinds["CSV"] == extract_of(Origin(None), tmp_path, ROWS)


def test_an_extract_is_written_once(real: Path, tmp_path: Path) -> None:
    """What is there is kept; the first line has the contract's columns."""
    path = extract_of(Origin(real), tmp_path, 100)
    written = path.stat().st_mtime_ns

    assert extract_of(Origin(real), tmp_path, 100).stat().st_mtime_ns == written
    assert path.read_text().splitlines()[0] == ",".join(EXTRACT_ORDER)
