import csv
import io
from collections.abc import Callable

import pytest

from schemas.columns import EXTRACT_ORDER
from schemas.config import IngestConfig
from tasks.core.errors import ConfigError, ExtractError, UnnamedError
from tasks.core.extract.text.dialect import recognise
from tasks.core.extract.whole.in_memory import read_extract

Row = dict[str, str]
Build = Callable[..., bytes]

FOREIGN = {f"Colonne {chr(97 + place)}": column for place, column in enumerate(EXTRACT_ORDER)}
FRENCH = IngestConfig(
    aliases=FOREIGN,
    value_maps={column: {"Non": "No", "Oui": "Yes"} for column in ("Partner", "Dependents", "Churn")},
    min_training_rows=50,
)


def written(table: list[list[str]], separator: str, **options: object) -> bytes:
    """Write a table as CSV."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n", **options).writerows(table)  # type: ignore[arg-type]
    return text.getvalue().encode()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("purpose", ["scoring", "training"])
def test_declared_names_tell_the_separator(
    rows: list[Row], separator: str, quoting: int, purpose: str
) -> None:
    """An extract in which every name is the sender's own is read as well as one with the contract's."""
    table = [[*FOREIGN], *([row[column] for column in EXTRACT_ORDER] for row in rows)]
    table = [[{"No": "Non", "Yes": "Oui"}.get(cell, cell) if place in (3, 4, 20) else cell
              for place, cell in enumerate(row)] for row in table]  # fmt: skip

    extract = read_extract(written(table, separator, quoting=quoting), "crm.csv", purpose, FRENCH)  # type: ignore[arg-type]

    assert (extract.counts.accepted, extract.counts.quarantined) == (100, 0)
    assert extract.customers["customerID"].tolist() == [row["customerID"] for row in rows]


def test_names_with_separators_in_them(rows: list[Row]) -> None:
    """The separator is the one by which the most declared names are found, not the most frequent sign."""
    names = {f"a, b, c, d {place}": column for place, column in enumerate(EXTRACT_ORDER)}
    table = [[*names], *([row[column] for column in EXTRACT_ORDER] for row in rows)]
    data = "\n".join(";".join(row) for row in table).encode()
    config = IngestConfig(aliases=names, min_training_rows=50)

    assert recognise(data, config).separator == ";"
    assert read_extract(data, "crm.csv", "training", config).counts.accepted == 100
    quoted = written(table, ",")
    assert recognise(quoted, config).separator == ","
    assert recognise(quoted, config).header == tuple(names)


@pytest.mark.parametrize(
    ("lines", "separator"),
    [
        (["State\tAccount Length\tPhone", "KS\t128\t382"], "\t"),
        (["nom;montant;jour", "a;1,5;1", "b;2,75;2", "c;3,5;3"], ";"),
        (["nom;montant,euros;jour", "a;1;1", "b;2,7;2"], ";"),
        (["nom|montant", "a|1,5", "b|2,5"], "|"),
        (["nom,montant", "a;b,1", "c;d,2"], ","),
        (['"nom, prénom";montant', '"a, b";1'], ";"),
        (["nom;ville;jour"], ";"),
        (["nom", "a;b", "c;d"], ","),
        (["a;b", "1;2", "", ";", "3;4"], ";"),
        (["a;b|c|d", '"x', "1;2|3|4"], "|"),
    ],
)  # fmt: skip
def test_without_a_known_name_the_number_of_fields_tells(lines: list[str], separator: str) -> None:
    """The separator that cuts most lines like the header, into the most fields, is the file's."""
    assert recognise("\n".join(lines).encode(), IngestConfig()).separator == separator
    assert recognise("\r".join(lines).encode(), IngestConfig()).separator == separator


def test_a_line_that_the_first_bytes_cut_off_counts_for_nothing() -> None:
    """The last line of a head may be incomplete."""
    head = b"a;b,c\n1;2,3\n4;5,6\n7,"

    assert recognise(head, IngestConfig()).separator == recognise(head[:-2], IngestConfig()).separator


def test_a_foreign_table_is_refused_for_its_names(rows: list[Row], build: Build) -> None:
    """Tabs between foreign names are separators, not control characters, and the advice fits."""
    data = build(rows, separator="\t").replace(build(rows, separator="\t").split(b"\n")[0], b"\t".join(
        name.encode() for name in FOREIGN
    ))  # fmt: skip

    for separator in (b"\t", b";", b"|"):
        with pytest.raises(ExtractError, match=r"has no header: .*ingest\.aliases"):
            read_extract(data.replace(b"\t", separator), "crm.csv", "scoring", IngestConfig())


def test_an_alias_that_leads_nowhere_is_the_operators_fault(rows: list[Row], build: Build) -> None:
    """It is named before the extract is blamed."""
    with pytest.raises(ConfigError, match="'x' maps to 'y'"):
        recognise(build(rows), IngestConfig(aliases={"x": "y"}))
    with pytest.raises(UnnamedError, match="unpaired quote"):
        recognise(b'"a;b\n', IngestConfig())
