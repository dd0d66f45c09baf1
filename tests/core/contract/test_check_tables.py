"""The tables give the same answers as the contract's own checks."""

import copy
from itertools import product

import pandas as pd
import pandera.pandas as pa
import pytest

from schemas.columns import ID, INTERNET_SERVICES
from schemas.extract import ScoringExtract, TrainingExtract
from schemas.rules import MAX_ID_CHARACTERS
from tasks.core.contract.check_tables import PLAIN_FORMS, ContractTables
from tasks.core.contract.row_judge import without_cross_row_checks
from tasks.core.contract.vocabulary import VOCABULARY

SCHEMA = without_cross_row_checks(TrainingExtract.to_schema())


def test_words() -> None:
    """Every word of the vocabulary is sure."""
    tables = ContractTables(SCHEMA)
    assert {column: words.shape for column, words in tables.words.items()} == {
        column: (len(words),) for column, words in VOCABULARY.items()
    }
    assert all(words.all() for words in tables.words.values())


def test_refused_word() -> None:
    """A word that one more check refuses is not sure."""
    schema = copy.deepcopy(SCHEMA)
    schema.columns["Contract"].checks.append(pa.Check.notin(["One year"]))
    refused = VOCABULARY["Contract"].index("One year")
    words = ContractTables(schema).words["Contract"]
    assert not words[refused]
    assert words.sum() == len(words) - 1


def test_combinations() -> None:
    """A rule of categories is answered as the rule itself answers, for every combination."""
    columns, kept = next(each for each in ContractTables(SCHEMA).combinations if "InternetService" in each[0])
    assert set(columns) == {"InternetService", *INTERNET_SERVICES}
    rule = next(check for check in SCHEMA.checks if check.name == "internet_incoherent")
    rows = pd.DataFrame(list(product(*(VOCABULARY[column] for column in columns))), columns=list(columns))
    assert kept.ravel().tolist() == rule(rows).check_output.tolist()
    assert 0 < kept.sum() < kept.size


def test_forms() -> None:
    """Months are whole, a total may be blank, and no other form is plain."""
    forms = ContractTables(SCHEMA).forms
    assert [
        dict(zip(PLAIN_FORMS, forms[column].tolist(), strict=False)) for column in ("tenure", "TotalCharges")
    ] == [
        {"whole": True, "decimal": False, "blank": False},
        {"whole": True, "decimal": True, "blank": True},
    ]
    assert not any(kept[-1] for kept in forms.values())


def test_ids() -> None:
    """An accepted id starts with a non-space character and is within the length limit."""
    tables = ContractTables(SCHEMA)
    assert [chr(octet) for octet in range(128) if not tables.id_starts[octet]] == list(
        "\t\n\v\f\r\x1c\x1d\x1e\x1f "
    )
    assert not tables.id_starts[128:].any()
    assert tables.id_octets == MAX_ID_CHARACTERS


def test_further_check_of_ids() -> None:
    """A check that looks further than the first character is not guessed at."""
    schema = copy.deepcopy(SCHEMA)
    schema.columns[ID].checks.append(pa.Check.str_endswith("x"))
    with pytest.raises(AssertionError, match="str_endswith"):
        ContractTables(schema)


def test_no_target() -> None:
    """The scoring contract has no target."""
    assert "Churn" not in ContractTables(without_cross_row_checks(ScoringExtract.to_schema())).words
