import csv
import io
import re
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest

from schemas.campaign_files import CALL_COLUMNS
from tasks.core.campaigns.lists.call_list import (
    LISTS,
    MACHINE_LIST,
    PEOPLE_LIST,
    PEOPLE_WORKBOOK,
    open_call_list,
    read_me,
)
from tests.harness.campaigns import Code, make_proposal, make_rows
from tests.harness.workbook import sheet_xml, sheets

IDS = ["0012", "=1+1", "0001-ABCDE", "+33", "-5", "@x", " =1+1", "\u00a0-5", 'é;,"']


def write(folder: Path, ids: list[str], *, chunk: int = 100, code: Code = "fr") -> Path:
    """Write the lists of these customers into a new folder, so many at a time."""
    folder.mkdir()
    rows = make_rows(ids)
    with open_call_list(folder, make_proposal(code)) as lists:
        for start in range(0, len(rows), chunk):
            lists.add(rows.iloc[start : start + chunk])
    return folder


def cells(data: bytes, separator: str) -> list[list[str]]:
    """Read a CSV file."""
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=separator, strict=True))


def test_the_list_for_machines(tmp_path: Path) -> None:
    """UTF-8, LF, commas, points; ids as the CRM wrote them."""
    data = (write(tmp_path / "a", IDS) / MACHINE_LIST).read_bytes()
    header, *rows = cells(data, ",")

    assert tuple(header) == CALL_COLUMNS
    assert [row[1] for row in rows] == IDS
    assert b"\r" not in data
    assert not data.startswith(b"\xef\xbb\xbf")
    assert data.splitlines()[1] == (
        b"fin-d-annee,0012,1,1,medium,tenure=2,Contract=Month-to-month,"
        b"Remise de 20 % pendant 6 mois contre un engagement d'un an,70.35,51.28,1,0,0,contract,"
        b"2222222222222222,2026-11-30,2026-12-14,"
    )
    assert len({len(row) for row in rows}) == 1


def test_the_list_for_people(tmp_path: Path) -> None:
    """A byte-order mark, CRLF, semicolons, decimal commas, French days, words; no cell is a formula."""
    data = (write(tmp_path / "a", IDS) / PEOPLE_LIST).read_bytes()
    lines = data.decode("utf-8-sig").split("\r\n")

    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n") == len(IDS) + 1
    assert lines[0].startswith('"Client";"Priorité";"Risque";"Première raison"')
    assert lines[1] == (
        '"\'0012";1;"moyen";"Client depuis 2\u00a0mois\u00a0: relation récente.";'
        '"Contrat mensuel, sans engagement.";'
        '"Remise de 20 % pendant 6 mois contre un engagement d\'un an";"";'
        '70,35;51,28;"oui";"non";"non";"contrat en cours";14/12/2026;30/11/2026;1;"fin-d-annee";'
        '"\'2222222222222222"'
    )
    _, *rows = cells(data, ";")
    assert [row[0] for row in rows] == [each if each in IDS[2::6] else f"'{each}" for each in IDS]
    assert len({len(row) for row in rows}) == 1


def test_the_workbook_has_the_same_rows(tmp_path: Path) -> None:
    """And the sheet to read first."""
    found = sheets(write(tmp_path / "a", IDS) / PEOPLE_WORKBOOK)

    assert [row[0] for row in found["Liste"][1:]] == IDS
    assert [row[0] for row in found["À lire"]] == read_me(make_proposal())


def test_an_english_list(tmp_path: Path) -> None:
    """In the campaign's words; numbers and days as the spreadsheets of the operator expect them."""
    data = (write(tmp_path / "a", IDS, code="en") / PEOPLE_LIST).read_bytes()

    assert b'"Customer";"Priority"' in data
    assert b'"Monthly contract, no commitment."' in data
    assert b";70,35;" in data


def test_chunks_do_not_matter(tmp_path: Path) -> None:
    """The same rows give the same bytes, one at a time or all at once, in any folder."""
    one, all_ = write(tmp_path / "a", IDS, chunk=1), write(tmp_path / "b", IDS)

    assert {each.name for each in one.iterdir()} == set(LISTS)
    for name in LISTS:
        assert (one / name).read_bytes() == (all_ / name).read_bytes()


def test_the_files_are_private_and_synced(tmp_path: Path) -> None:
    """They hold customers, and are complete once the folder appears."""
    with patch("tasks.core.storage.atomic.os.fsync") as fsync:
        folder = write(tmp_path / "a", IDS)

    assert fsync.call_count == len(LISTS)
    assert {(folder / name).stat().st_mode & 0o777 for name in LISTS} == {0o600}


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    """A list is written once."""
    folder = write(tmp_path / "a", IDS)

    with pytest.raises(FileExistsError), open_call_list(folder, make_proposal()):
        pass


def test_other_columns_are_refused(tmp_path: Path) -> None:
    """In another order too."""
    rows = make_rows(IDS)

    with open_call_list(tmp_path, make_proposal()) as lists:
        for wrong in (rows.drop(columns="basis"), rows[[*CALL_COLUMNS[::-1]]], pd.DataFrame()):
            with pytest.raises(ValueError, match="a call list has the columns campaign_id, customerID"):
                lists.add(wrong)


def test_an_error_leaves_no_temporary_file(tmp_path: Path) -> None:
    """The files are incomplete, and nothing else has rows of customers."""
    with pytest.raises(ValueError, match="no sentence"), open_call_list(tmp_path, make_proposal()) as lists:
        lists.add(pd.concat([make_rows(IDS), make_rows(IDS).assign(reason_1="gender=Male")]))

    assert {each.name for each in tmp_path.iterdir()} == set(LISTS)


@pytest.mark.parametrize("code", ["fr", "en"])
def test_what_to_read_first(code: Code) -> None:
    """Ten lines: reference, validity, risk and effect, hours, decisions, objections."""
    lines = read_me(make_proposal(code))
    text = " ".join(lines)

    assert len(lines) == 10
    assert make_proposal().name in text
    assert ("14/12/2026" in text) == (code == "fr")
    assert ("14 December 2026" in text) == (code == "en")
    assert ("30\u00a0jours (hypothèse)" in text) == (code == "fr")
    assert "{" not in text


def test_calling_hours_are_for_calls() -> None:
    """A campaign by e-mail has none, and no limit on calls."""
    calls, mails = read_me(make_proposal("en")), read_me(make_proposal("en", channel="email"))

    assert [line for line in calls if line not in mails] == [
        line for line in calls if "Monday" in line or "called again" in line
    ]


@pytest.mark.parametrize(("code", "said"), [("fr", "SIMULÉS"), ("en", "SIMULATED")])
def test_a_list_of_simulated_customers_says_so_first(code: Code, said: str, tmp_path: Path) -> None:
    """On the sheet to read first, and at the top of every printed page."""
    real = make_proposal(code)
    simulated = real.model_copy(update={"scores": real.scores.model_copy(update={"simulated": True})})
    assert said in read_me(simulated)[0]
    assert not any(said in line for line in read_me(real))

    for proposal in (real, simulated):
        folder = tmp_path / str(proposal.scores.simulated)
        folder.mkdir()
        with open_call_list(folder, proposal) as lists:
            lists.add(make_rows(["0012"]))
    (printed, shown) = (sheet_xml(tmp_path / name / "liste_appels.xlsx", 1) for name in ("True", "False"))
    assert re.search(f"<oddHeader>&amp;C[^<]*{said}", printed)
    assert said not in shown
    assert "<oddFooter>&amp;Lfin-d-annee - " in shown
