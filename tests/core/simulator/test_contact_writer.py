import stat
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from schemas.config import ContactsConfig
from schemas.contact_lists import REASONS, Bases, Objections
from schemas.contacts import SCOPES
from tasks.core.errors import ConfigError
from tasks.core.intake.contact_lists import Contacts, read_contacts
from tasks.core.simulator import contact_writer
from tasks.core.simulator.contact_writer import WrittenContacts, write_contacts
from tasks.core.simulator.customer_frame import simulated_id
from tests.harness.environment import SECRET

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 3, 4, tzinfo=UTC)
ROWS = 4_000


def read(folder: Path) -> Contacts:
    """Read the lists as a run does."""
    config = ContactsConfig(
        objections=folder / f"objections_{DAY}.csv",
        basis=folder / f"basis_{DAY}.csv",
        max_quarantined_share=0.9,
    )
    return read_contacts(config, SECRET, NOW)


def write(folder: Path, **options: float) -> WrittenContacts:
    """Write the lists of four thousand customers."""
    return write_contacts(folder, DAY, **{"rows": ROWS, "seed": 0} | options)


def test_a_run_reads_the_lists(tmp_path: Path) -> None:
    """Some 3 % objected, whatever the scope; ids are written in several ways and belong to the extract."""
    written = write(tmp_path / "lists")
    contacts = read(tmp_path / "lists")
    rows = [
        line.split(",") for line in (tmp_path / "lists" / f"objections_{DAY}.csv").read_text().splitlines()
    ]
    extract = [simulated_id(customer) for customer in range(ROWS)]

    assert contacts.quarantine.empty
    assert written.planted == ()
    assert contacts.used.objections == written.objections == sum(contacts.objections.of_texts(extract))
    assert 0.02 * ROWS < written.objections < 0.04 * ROWS
    assert {*Counter(scope for *_, scope in rows[1:])} == {*SCOPES}
    assert len([customer for customer, *_ in rows[1:] if customer not in extract]) > written.objections / 2
    assert contacts.used.bases == written.bases
    assert 2 * ROWS < written.bases < 3 * ROWS


def test_every_planted_fault_is_found(tmp_path: Path) -> None:
    """With its list, line and reason; each reason of the contract is planted."""
    written = write(tmp_path, bad_share=0.2)
    found = read(tmp_path).quarantine

    assert [*found[["contact_list", "line", "reason"]].itertuples(index=False, name=None)] == [
        tuple(each) for each in sorted(written.planted, key=lambda each: each.contact_list == "basis")
    ]
    assert {each.reason for each in written.planted} == {*REASONS}


def test_columns_are_those_of_the_contract(tmp_path: Path) -> None:
    """In its order."""
    write(tmp_path)
    for name, contract in (("objections", Objections), ("basis", Bases)):
        header = (tmp_path / f"{name}_{DAY}.csv").read_text().partition("\n")[0]
        assert header.split(",") == list(contract.to_schema().columns)


def test_a_seed_gives_the_same_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many customers are drawn at a time; another seed gives others. Only the owner reads them."""
    write(tmp_path / "a", bad_share=0.1)
    monkeypatch.setattr(contact_writer, "_CHUNK_ROWS", 999)
    write(tmp_path / "b", bad_share=0.1)
    write(tmp_path / "c", bad_share=0.1, seed=1)
    first, same, other = (
        [path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in "abc"
    )

    assert first == same
    assert first != other
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a").iterdir()} == {0o600}


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """In one line."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"could not write contact lists into '.*file'"):
        write(tmp_path / "file")
