"""Every check of the contract is needed."""

import copy
from collections.abc import Callable

import pandera.pandas as pa
import pytest

from schemas.config import IngestConfig
from schemas.extract import ScoringExtract, TrainingExtract
from schemas.quarantine_reasons import HINTS
from tasks.core.contract.parse import parse_cells
from tasks.core.contract.row_judge import Judge
from tasks.core.extract.text.dialect import recognise
from tasks.core.extract.text.line_reader import read_lines

Row = dict[str, str]

SCHEMA = TrainingExtract.to_schema()
CHECKS: list[tuple[str, str]] = [
    *((name, str(check.name)) for name, column in SCHEMA.columns.items() for check in column.checks),
    *(("", str(check.name)) for check in SCHEMA.checks),
]

PLANTED: dict[tuple[str, str], Row] = {
    ("customerID", "str_contains"): {"customerID": " "},
    ("customerID", "damaged_id"): {"customerID": "4.55E+11"},
    ("customerID", "str_length"): {"customerID": "x" * 65},
    ("tenure", "in_range"): {"tenure": "121", "TotalCharges": "6110.5"},
    ("tenure_form", "isin"): {"tenure": "2.5"},
    ("MonthlyCharges", "greater_than_or_equal_to"): {"MonthlyCharges": "-50.5"},
    ("MonthlyCharges", "less_than_or_equal_to"): {"MonthlyCharges": "10001", "TotalCharges": "100010"},
    ("MonthlyCharges_form", "isin"): {"MonthlyCharges": "abc"},
    ("TotalCharges", "greater_than_or_equal_to"): {"TotalCharges": "-505"},
    ("TotalCharges", "less_than_or_equal_to"): {
        "tenure": "120",
        "MonthlyCharges": "9000",
        "TotalCharges": "1000001",
    },
    ("TotalCharges_form", "isin"): {"TotalCharges": "inf"},
    ("", "total_blank"): {"TotalCharges": ""},
    ("", "total_incoherent"): {"TotalCharges": "5050"},
    ("", "internet_incoherent"): {"InternetService": "No"},
    ("", "phone_incoherent"): {"PhoneService": "No"},
    ("", "conflicting_id"): {"customerID": "0000-AAAAA", "tenure": "11"},
}


def planted(place: tuple[str, str]) -> Row:
    """Return cells that break one check; a category outside the vocabulary unless listed."""
    return PLANTED.get(place, {place[0]: "Stranger"})


def without(column: str, name: str) -> pa.DataFrameSchema:
    """Copy the contract without one of its checks."""
    schema = copy.deepcopy(SCHEMA)
    owner = schema.columns[column] if column else schema
    owner.checks = [check for check in owner.checks if check.name != name]
    return schema


@pytest.mark.parametrize(("column", "name"), CHECKS)
def test_removing_a_check_lets_exactly_its_fault_through(
    rows: list[Row], build: Callable[..., bytes], column: str, name: str
) -> None:
    """With all faults planted, dropping one check loses the rows of its own fault and no other."""
    for line, place in enumerate(CHECKS, start=1):
        rows[line] |= planted(place)
    data = build(rows)
    dialect = recognise(data, IngestConfig())
    lines = [(number, 0, line) for number, line in enumerate(data.splitlines()[1:], start=2)]
    cut = read_lines(lines, dialect)
    parsed = parse_cells(cut.numbers, dict(zip(dialect.header, cut.cells, strict=True)), IngestConfig())

    refused = {line for line, *_ in Judge(SCHEMA).faults(parsed)}
    refused_without = {line for line, *_ in Judge(without(column, name)).faults(parsed)}

    expected = {CHECKS.index((column, name)) + 3}
    if name == "conflicting_id":
        expected |= {2}  # the customer whose id was taken
    assert refused - refused_without == expected


def test_training_and_scoring_name_faults_alike() -> None:
    """A rule has one name in both contracts, whichever was read first in a process."""
    named = [
        [check.name for check in model.to_schema().checks] for model in (TrainingExtract, ScoringExtract)
    ]

    assert named[0] == named[1]
    assert set(named[0]) <= set(HINTS)
