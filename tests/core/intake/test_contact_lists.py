import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from schemas.config import ContactsConfig
from schemas.contacts import BASES, CHANNELS
from tasks.core.errors import ConfigError, ContactsError
from tasks.core.intake.contact_lists import Contacts, read_contacts
from tests.harness.environment import SECRET
from tests.harness.rights import bound_by_rights

NOW = datetime(2026, 3, 3, 4, tzinfo=UTC)
OBJECTIONS = "customerID,objected_on,scope\n"
BASIS = "customerID,channel,basis,since\n"


def write(path: Path, text: str | bytes, *, age_hours: float = 1) -> Path:
    """Write a list that changed some hours ago."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    changed = NOW.timestamp() - 3_600 * age_hours
    os.utime(path, (changed, changed))
    return path


def read(objections: Path, basis: Path | None = None, **options: object) -> Contacts:
    """Read the lists."""
    given = {"objections": objections, "basis": basis} | options
    return read_contacts(ContactsConfig.model_validate(given), SECRET, NOW)


def objects(contacts: Contacts, *ids: str) -> list[bool]:
    """Tell who objected."""
    return contacts.objections.of_texts(ids).tolist()


def basis_of(contacts: Contacts, customer: str) -> dict[str, str]:
    """Return a customer's bases by channel."""
    assert contacts.bases is not None
    octets = np.frombuffer(customer.encode(), dtype=np.uint8)
    (codes,) = contacts.bases.of(octets, np.array([[0, len(octets)]]))
    return {channel: BASES[code] for channel, code in zip(CHANNELS, codes, strict=True) if code >= 0}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("scope", ["marketing", "profiling", "all"])
def test_any_scope_is_an_objection(scope: str, separator: str, tmp_path: Path) -> None:
    """Scoring serves marketing here; columns may come in any order, and with a byte-order mark."""
    text = f"\ufeffscope,customerID,objected_on\r\n{scope}, 0000-aaaab ,2026-01-31\r\n\r\n"
    contacts = read(write(tmp_path / "objections.csv", text.replace(",", separator)))

    assert objects(contacts, "0000-AAAAB", "0000-AAAAC") == [True, False]
    assert contacts.used.objections == 1
    assert contacts.quarantine.empty


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A,2026-01-31,perhaps", "unknown_value"),
        ("A,2026-01-31,Marketing", "unknown_value"),
        ("A,31/01/2026,all", "not_a_day"),
        ("A,2026-02-30,all", "not_a_day"),
        ("A,2026-01-31", "short_row"),
        ("A,2026-01-31,all,x", "long_row"),
        ("A,2026-01-31,opposé", "invalid_encoding"),
    ],
)
def test_a_doubtful_row_with_an_id_is_an_objection(row: str, reason: str, tmp_path: Path) -> None:
    """Doubt means no; the row is quarantined, with its line and without its value."""
    path = write(tmp_path / "o.csv", f"{OBJECTIONS}B,2026-01-31,all\n{row}\n".encode("latin-1"))
    contacts = read(path, max_quarantined_share=0.9)

    assert objects(contacts, "a", "b", "c") == [True, True, False]
    assert contacts.quarantine[["contact_list", "line", "reason"]].to_numpy().tolist() == [
        ["objections", 3, reason]
    ]
    assert contacts.used.quarantined == 1


@pytest.mark.parametrize(
    ("order", "row", "reason"),
    [
        ("objected_on,scope,customerID", b"2026-01-01,A1", "short_row"),
        ("objected_on,scope,customerID", b"2026-01-01,all,x,A1", "long_row"),
        ("objected_on,scope,customerID", b"2026-01-01;all;A1", "short_row"),
        ("customerID,objected_on,scope", b'"A1,2026-01-01,all', "short_row"),
        ("customerID,objected_on,scope", b"A1,2026-01-01,all\rA1,2026-01-01,all", "long_row"),
        ("customerID,objected_on,scope", b'"A1",2026-01-01,all\rB1,2026-01-01,all', "short_row"),
        ("customerID,objected_on,scope", b'"' + b"x" * 200_000 + b'",A1,2026-01-01,all', "short_row"),
        ("customerID,objected_on,scope", b' "A1",2026-01-01,all', "damaged_id"),
        ("customerID,objected_on,scope", b"'A1,2026-01-01,all", "damaged_id"),
        ("customerID,objected_on,scope", b'"=""A1""",2026-01-01,all', "damaged_id"),
        ("customerID,objected_on,scope", b"A\x001,2026-01-01,all", "damaged_id"),
    ],
)
def test_an_id_in_a_broken_row_is_an_objection(order: str, row: bytes, reason: str, tmp_path: Path) -> None:
    """Wherever it stands, and whatever a spreadsheet put around it; the row is quarantined all the same."""
    good = {"objected_on": "2026-01-01", "scope": "all"}
    rows = [",".join({**good, "customerID": f"B{i}"}[name] for name in order.split(",")) for i in range(30)]
    path = write(tmp_path / "o.csv", "\n".join([order, *rows]).encode() + b"\n" + row + b"\n")
    contacts = read(path)

    assert objects(contacts, "a1", "B0", "a2") == [True, True, False]
    assert contacts.quarantine["reason"].tolist() == [reason]


@pytest.mark.parametrize(
    ("row", "left"),
    [
        ("A,phone,withdrawn,2026-02-01", [-1, 1, 1]),
        (" a ,phone,,2026-02-01", [-1, 1, 1]),
        ("A,phone,consent,2026-02-30", [-1, 1, 1]),
        ("A,telephone,none,2026-02-01", [-1, -1, -1]),
        ("A", [-1, -1, -1]),
        ("B,phone,withdrawn,2026-02-01", [1, 1, 1]),
    ],
)
def test_a_bad_row_takes_the_basis_of_its_customer(row: str, left: list[int], tmp_path: Path) -> None:
    """A word that the contract does not know may well mean no longer; before or after the good row."""
    good = "".join(f"A,{channel},consent,2026-01-01\n" for channel in ("phone", "email", "sms"))
    for text in (f"{good}{row}\n", f"{row}\n{good}"):
        contacts = read(
            write(tmp_path / "o.csv", OBJECTIONS),
            write(tmp_path / "b.csv", "customerID,channel,basis,since\n" + text),
            max_quarantined_share=0.9,
        )
        assert contacts.bases is not None
        octets = np.frombuffer(b"A", dtype=np.uint8)
        assert contacts.bases.of(octets, np.array([[0, 1]])).tolist() == [left]


def test_an_id_in_another_encoding_is_an_objection(tmp_path: Path) -> None:
    """Windows' encoding of Western Europe is the likeliest; an accent may be a character of its own."""
    good = OBJECTIONS.encode() + b"".join(b"B%d,2026-01-31,all\n" % i for i in range(30))
    data = good + "É1,2026-01-31,all\n".encode("cp1252") + "E\u03012,2026-01-31,all\n".encode()
    contacts = read(write(tmp_path / "o.csv", data))
    assert objects(contacts, "é1", "É2", "e2") == [True, True, False]


@pytest.mark.parametrize(
    ("row", "reason", "objections"),
    [
        (b",2026-01-31,all", "missing_id", 20),
        ("\ufeff\u200b\u00a0,2026-01-31,all".encode(), "damaged_id", 20),
        (b"#REF!,2026-01-31,all", "damaged_id", 21),
        (b"\xe9,2026-01-31,all", "invalid_encoding", 21),
    ],
)
def test_rows_that_name_nobody_are_quarantined_up_to_the_limit(
    row: bytes, reason: str, objections: int, tmp_path: Path
) -> None:
    """Beyond it, nobody is scored; what may be an id is an objection."""
    good = OBJECTIONS.encode() + b"".join(b"B%d,2026-01-31,all\n" % i for i in range(20))
    contacts = read(write(tmp_path / "o.csv", good + row + b"\n"))
    assert contacts.quarantine["reason"].tolist() == [reason]
    assert contacts.used.objections == objections

    with pytest.raises(ContactsError, match=rf"contacts\.objections: 2 of 22 .* most often {reason}"):
        read(write(tmp_path / "o.csv", good + 2 * (row + b"\n")))


def test_bases_are_read_by_channel(tmp_path: Path) -> None:
    """What is doubtful, contradicts itself or begins tomorrow is no basis."""
    rows = [
        "A,phone,contract,2025-01-01",
        "A,email,consent,2025-01-01",
        "a ,phone,contract,2025-01-01",  # the same once more
        "B,phone,contract,2025-01-01",
        "B,phone,consent,2025-01-01",
        "B,sms,consent,2025-01-01",
        "C,phone,consent,2026-03-04",
        "D,phone,yes,2025-01-01",
        "D,fax,consent,2025-01-01",
    ]
    basis = write(tmp_path / "basis.csv", BASIS + "\n".join(rows))
    contacts = read(write(tmp_path / "o.csv", OBJECTIONS), basis, max_quarantined_share=0.9)

    assert [basis_of(contacts, each) for each in "ABCDE"] == [
        {"phone": "contract", "email": "consent"}, {"sms": "consent"}, {}, {}, {},
    ]  # fmt: skip
    assert contacts.used.bases == 3
    assert contacts.quarantine[["line", "reason"]].to_numpy().tolist() == [
        [5, "conflicting_basis"], [6, "conflicting_basis"], [9, "unknown_value"], [10, "unknown_value"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "customerID\n", "id,objected_on,scope\n", OBJECTIONS.replace("\n", ",phone\n")]
)
def test_another_header_is_refused(text: str, tmp_path: Path) -> None:
    """Also one with more columns: they may be personal."""
    with pytest.raises(ContactsError, match="header with the columns customerID, objected_on, scope"):
        read(write(tmp_path / "o.csv", text))


@pytest.mark.parametrize(
    ("name", "age_hours", "hours"),
    [("o.csv", 49, 49), ("o_2026-02-28.csv", 1, 52), ("o_2026-03-01.csv", 999, None), ("o.csv", 47, None)],
)
def test_an_old_list_is_refused(name: str, age_hours: float, hours: int | None, tmp_path: Path) -> None:
    """Its age counts from the end of the day in its name or, without one, from its last change."""
    path = write(tmp_path / name, OBJECTIONS, age_hours=age_hours)
    if hours is None:
        assert read(path).used.objections == 0
        return
    with pytest.raises(ConfigError, match=rf"contacts\.objections: .* is {hours} hours old; the limit is 48"):
        read(path)


@pytest.mark.parametrize("setting", ["objections", "basis"])
def test_a_list_that_is_not_there_is_refused(setting: str, tmp_path: Path) -> None:
    """A missing file and an empty folder, with the setting and the path."""
    lists = {"objections": write(tmp_path / "o.csv", OBJECTIONS)}
    with pytest.raises(ConfigError, match=rf"contacts\.{setting}: '.*nowhere.csv' cannot be read: No such"):
        read(**lists | {setting: tmp_path / "nowhere.csv"})
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        ConfigError, match=rf"contacts\.{setting}: the folder '.*empty' has no {setting}\*\.csv"
    ):
        read(**lists | {setting: tmp_path / "empty"})


@pytest.mark.parametrize("name", ["o_2026-03-04.csv", "o_2026-03-01_2026-03-02.csv"])
def test_a_day_that_says_nothing_is_refused(name: str, tmp_path: Path) -> None:
    """One in the future, or two."""
    with pytest.raises(ConfigError, match="day in the future, or several"):
        read(write(tmp_path / name, OBJECTIONS))


def test_a_list_that_was_changed_in_the_future_is_refused(tmp_path: Path) -> None:
    """It would never grow old; clocks may differ by less than an hour."""
    path = write(tmp_path / "o.csv", OBJECTIONS, age_hours=-0.9)
    assert read(path).used.objections == 0
    with pytest.raises(ConfigError, match=r"was changed at .*, which is in the future"):
        read(write(path, OBJECTIONS, age_hours=-1.1))


def test_of_a_folder_the_newest_list_is_read(tmp_path: Path) -> None:
    """By the day in its name, whatever was copied last."""
    for day, customer, age in (("2026-03-01", "A", 1), ("2026-03-02", "B", 20)):
        write(
            tmp_path / "lists" / f"objections_{day}.csv",
            f"{OBJECTIONS}{customer},2026-01-31,all\n",
            age_hours=age,
        )
    write(tmp_path / "lists" / "basis_2026-03-03.csv", BASIS)
    contacts = read(tmp_path / "lists", tmp_path / "lists")

    assert objects(contacts, "A", "B") == [False, True]
    assert contacts.day.isoformat() == "2026-03-02"


def test_who_objected_identifies_a_list_and_how_it_is_written_does_not(tmp_path: Path) -> None:
    """Order, case, scope and day change nothing; another customer and another key do."""
    first = read(write(tmp_path / "1.csv", f"{OBJECTIONS}A,2026-01-31,all\nB,2026-01-31,all\n"))
    same = read(write(tmp_path / "2.csv", f"{OBJECTIONS}b,2026-02-01,marketing\nA,2026-01-31,all\n"))
    other = read(write(tmp_path / "3.csv", f"{OBJECTIONS}A,2026-01-31,all\n"))

    assert first.used.objections_id == same.used.objections_id != other.used.objections_id
    assert first.fingerprints == same.fingerprints
    assert len(first.fingerprints) == 64


def test_a_list_of_another_account_is_refused(tmp_path: Path) -> None:
    """With what to do."""
    path = write(tmp_path / "o.csv", OBJECTIONS)
    path.chmod(0)
    with bound_by_rights(), pytest.raises(ConfigError, match=r"contacts\.objections: .* Permission denied"):
        read(path)
