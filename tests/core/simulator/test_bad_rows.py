import csv
import math
from collections import defaultdict
from pathlib import Path

import pytest

from schemas.columns import CATEGORIES, EXTRACT_ORDER, ID, INTERNET_SERVICES, NO_INTERNET, NO_PHONE
from tasks.core.errors import ConfigError
from tasks.core.simulator.bad_rows import Fault, Plan, kinds_in_turn, plan_faults, spoil
from tasks.core.simulator.customer_frame import simulate
from tasks.core.simulator.extract_writer import write_extract


def broken_rules(path: Path) -> dict[int, set[str]]:
    """Judge every physical line by itself and return the rules it breaks, by line number.

    This is a second, slow implementation of the data contract, deliberately independent of the project's.
    """
    broken: dict[int, set[str]] = defaultdict(set)
    first_line: dict[str, tuple[int, bytes]] = {}
    header, *lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    columns = header.decode().split(",")
    for number, line in enumerate(lines, start=2):
        row = read_line(line, columns, broken[number])
        if row is None:
            continue
        judge_texts(row, broken[number])
        judge_numbers(row, broken[number])
        if row[ID] in first_line:
            earlier, content = first_line[row[ID]]
            broken[number].add("identical_repeat" if content == line else "conflicting_id")
            if content != line:
                broken[earlier].add("conflicting_id")
        elif row[ID]:
            first_line[row[ID]] = (number, line)
    return {number: rules for number, rules in broken.items() if rules}


def read_line(line: bytes, columns: list[str], broken: set[str]) -> dict[str, str] | None:
    """Return the fields of a line, or None if it cannot be read."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        broken.add("invalid_utf8")
        return None
    if any(ord(character) < 32 for character in text):
        broken.add("control_character")
        return None
    if text.count('"') % 2:
        broken.add("stray_quote")
        return None
    fields = next(csv.reader([text], strict=True))
    if len(fields) != len(columns):
        broken.add("short_row" if len(fields) < len(columns) else "long_row")
        return None
    return dict(zip(columns, fields, strict=True))


def judge_texts(row: dict[str, str], broken: set[str]) -> None:
    """Add the rules that the id and the categories break."""
    if not row[ID]:
        broken.add("missing_id")
    if any(row[column] not in values for column, values in CATEGORIES.items()):
        broken.add("bad_category")
    if any((row[s] == NO_INTERNET) != (row["InternetService"] == "No") for s in INTERNET_SERVICES):
        broken.add("incoherent_internet")
    if (row["MultipleLines"] == NO_PHONE) != (row["PhoneService"] == "No"):
        broken.add("incoherent_phone")


def judge_numbers(row: dict[str, str], broken: set[str]) -> None:
    """Add the rules that the three numbers break."""
    tenure = number_of(row["tenure"], broken)
    monthly = number_of(row["MonthlyCharges"], broken)
    if not row["MonthlyCharges"].strip():
        broken.add("blank_charge")
    if not row["TotalCharges"].strip():
        if tenure != 0:
            broken.add("blank_total")
        return
    total = number_of(row["TotalCharges"], broken)
    if tenure is not None and tenure != int(tenure):
        broken.add("tenure_fraction")
    if tenure is not None and not 0 <= tenure <= 72:
        broken.add("tenure_out_of_range")
    if (monthly is not None and monthly < 0) or (total is not None and total < 0):
        broken.add("negative_charge")
    numbers = (tenure, monthly, total)
    if None not in numbers and min(numbers) >= 0 and not 0.5 <= total / (tenure * monthly) <= 2:
        broken.add("incoherent_total")


def number_of(text: str, broken: set[str]) -> float | None:
    """Return a finite number, or None and the broken rule."""
    if not text.strip():
        return None
    if "," in text:
        broken.add("decimal_comma")
        return None
    try:
        value = float(text)
    except ValueError:
        broken.add("bad_number")
        return None
    if math.isinf(value):
        broken.add("infinity")
        return None
    return value


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_fault_breaks_its_own_rule_only(tmp_path: Path, seed: int, labelled: bool) -> None:
    """The lines reported as planted, and no others, break one rule each, the reported one."""
    path = tmp_path / "extract.csv"
    kinds = list(Fault) * 30
    written = write_extract(path, rows=1_500, seed=seed, faults=kinds, labelled=labelled)

    assert broken_rules(path) == {planted.line: {planted.fault.value} for planted in written.planted}
    assert [planted.fault for planted in written.planted if not planted.partner] == kinds


@pytest.mark.parametrize("fault", Fault)
def test_exactly_so_many_faults_are_planted(tmp_path: Path, fault: Fault) -> None:
    """Half the rows can carry a chosen fault, however dense; a conflicting id takes its neighbour too."""
    path = tmp_path / "extract.csv"
    written = write_extract(path, rows=400, seed=2, faults=[fault] * 200)
    partners = [planted for planted in written.planted if planted.partner]

    assert len(written.planted) - len(partners) == 200
    assert len(partners) == (200 if fault is Fault.CONFLICTING_ID else 0)
    assert broken_rules(path) == {planted.line: {fault.value} for planted in written.planted}


@pytest.mark.parametrize(
    "fault", [Fault.BLANK_TOTAL, Fault.INCOHERENT_TOTAL, Fault.TENURE_FRACTION, Fault.TENURE_OUT_OF_RANGE]
)
def test_faults_of_billing_need_a_month(tmp_path: Path, fault: Fault) -> None:
    """A customer who has just joined is moved on by a month before a fault of tenure or total is planted."""
    frame = simulate(2_000, 0)
    joined = {str(column): text for column, text in frame[frame["tenure"] == "0"].iloc[0].items()}
    path = tmp_path / "one.csv"
    path.write_text(",".join(EXTRACT_ORDER) + "\n" + spoil(joined, Plan(0, fault, partner=False)) + "\n")

    assert broken_rules(path) == {2: {fault.value}}


def test_conflicting_twins_differ() -> None:
    """Two customers with the same texts still conflict: same id, different content."""
    twin = {str(column): text for column, text in simulate(1, 0).iloc[0].items()}
    first = spoil(twin, Plan(7, Fault.CONFLICTING_ID, partner=False))
    second = spoil(twin, Plan(8, Fault.CONFLICTING_ID, partner=True))

    assert first != second
    assert first.split(",")[0] == second.split(",")[0] == "SIM-0000008"


def test_an_extract_without_faults_is_sound(tmp_path: Path) -> None:
    """By default nothing is planted, and every line meets the contract."""
    path = tmp_path / "extract.csv"
    written = write_extract(path, rows=7_043, seed=0)

    assert written.planted == ()
    assert broken_rules(path) == {}
    assert path.read_bytes().startswith(",".join(EXTRACT_ORDER).encode() + b"\n")


def test_kinds_come_in_turn() -> None:
    """A share of the rows gets the kinds one after another, starting over after the twentieth."""
    kinds = kinds_in_turn(2_500, 0.01)

    assert kinds == [*Fault, *list(Fault)[:5]]
    assert len(set(Fault)) == 20
    assert kinds_in_turn(2_500, 0) == []


@pytest.mark.parametrize("share", [-0.1, 0.51, math.nan])
def test_impossible_shares_are_refused(share: float) -> None:
    """A share below 0, above a half or not a number is a setting's fault."""
    with pytest.raises(ConfigError, match="expected a share between 0 and"):
        kinds_in_turn(100, share)


def test_too_many_faults_are_refused() -> None:
    """More faults than half the rows leave no sound neighbours."""
    with pytest.raises(ConfigError, match="6 faults need 12 or more rows"):
        plan_faults(11, [Fault.BAD_NUMBER] * 6, 0)


def test_no_customer_is_used_twice() -> None:
    """Planted rows and partners are different customers, in order, within the extract."""
    plan = plan_faults(1_000, [Fault.CONFLICTING_ID] * 500, 3)
    customers = [planned.customer for planned in plan]

    assert customers == list(range(1_000))
