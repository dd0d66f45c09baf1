import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.columns import EXTRACT_ORDER, FEATURES
from schemas.config import IngestConfig
from schemas.quarantine_reasons import HINTS
from tasks.core.errors import ConfigError, ExtractError
from tasks.core.extract.reader import block_reader
from tasks.core.extract.text.dialect import Dialect
from tasks.core.extract.text.line_reader import SplitLines
from tasks.core.extract.whole.in_memory import Extract, read_extract

Row = dict[str, str]
Build = Callable[..., bytes]

CONFIG = IngestConfig(min_training_rows=50, max_quarantined_share=0.5)

BAD_CELLS: list[tuple[Row, str, str]] = [
    ({"Contract": "Weekly"}, "Contract", "unknown_category"),
    ({"Contract": " "}, "Contract", "missing_value"),
    ({"Contract": "Month\u2013to\u2013month"}, "Contract", "disguised_value"),
    ({"SeniorCitizen": "False"}, "SeniorCitizen", "unknown_category"),
    ({"MonthlyCharges": "abc"}, "MonthlyCharges", "not_a_number"),
    ({"MonthlyCharges": "1e2"}, "MonthlyCharges", "not_a_number"),
    ({"MonthlyCharges": "5_0"}, "MonthlyCharges", "not_a_number"),
    ({"MonthlyCharges": "0x1F"}, "MonthlyCharges", "not_a_number"),
    ({"MonthlyCharges": "٥٠"}, "MonthlyCharges", "not_a_number"),
    ({"MonthlyCharges": "50."}, "MonthlyCharges", "not_a_number"),
    ({"MonthlyCharges": "nan"}, "MonthlyCharges", "missing_value"),
    ({"MonthlyCharges": "50,5"}, "MonthlyCharges", "decimal_comma"),
    ({"TotalCharges": "1.234,5"}, "TotalCharges", "decimal_comma"),
    ({"MonthlyCharges": "-Infinity"}, "MonthlyCharges", "not_finite"),
    ({"MonthlyCharges": "9" * 400}, "MonthlyCharges", "not_finite"),
    ({"MonthlyCharges": "-50.5"}, "MonthlyCharges", "negative"),
    ({"MonthlyCharges": "10000.01", "TotalCharges": "100000"}, "MonthlyCharges", "out_of_range"),
    ({"MonthlyCharges": "9000", "TotalCharges": "1000000.01", "tenure": "120"}, "TotalCharges",
        "out_of_range"),
    ({"MonthlyCharges": ""}, "MonthlyCharges", "missing_value"),
    ({"TotalCharges": "-1"}, "TotalCharges", "negative"),
    ({"TotalCharges": " "}, "TotalCharges", "total_blank"),
    ({"TotalCharges": "NA"}, "TotalCharges", "total_blank"),
    ({"TotalCharges": "1020"}, "TotalCharges", "total_incoherent"),
    ({"tenure": "2.5"}, "tenure", "not_whole"),
    ({"tenure": "121"}, "tenure", "out_of_range"),
    ({"tenure": "-1"}, "tenure", "out_of_range"),
    ({"tenure": "NA"}, "tenure", "missing_value"),
    ({"InternetService": "No"}, "InternetService", "internet_incoherent"),
    ({"TechSupport": "No internet service"}, "InternetService", "internet_incoherent"),
    ({"PhoneService": "No"}, "PhoneService", "phone_incoherent"),
    ({"customerID": "  "}, "customerID", "missing_id"),
    ({"Churn": ""}, "Churn", "missing_value"),
    ({"Churn": "1"}, "Churn", "unknown_category"),
    ({"customerID": "\u3000"}, "customerID", "missing_id"),
    ({"customerID": "x" * 65}, "customerID", "long_id"),
    ({"customerID": "é" * 65}, "customerID", "long_id"),
    ({"customerID": "=1+1"}, "customerID", "damaged_id"),
    ({"customerID": "bell\x07"}, "", "control_character"),
]  # fmt: skip
BAD_LINES = [
    (b"1,2,3", "short_row"),
    (b",".join([b"x"] * 25), "long_row"),
    (b'"0100-AAAAA,Female', "stray_quote"),
    (b'"a"b,Female', "stray_quote"),
    (b"0100-\xff\xfe", "invalid_encoding"),
    (b"\x1ab", "control_character"),
    (b"a\tb", "control_character"),
    ("a\x9bb\u202e".encode(), "control_character"),
    (",".join(EXTRACT_ORDER).encode(), "repeated_header"),
]


def read(data: bytes, config: IngestConfig = CONFIG, *, scoring: bool = False) -> Extract:
    """Read made-up bytes."""
    return read_extract(data, "made-up.csv", "scoring" if scoring else "training", config)


def faults(extract: Extract) -> list[tuple[int, str, str]]:
    """List an extract's faults as line, column and reason."""
    return list(extract.quarantine[["line", "column", "reason"]].itertuples(index=False, name=None))


def test_a_clean_extract_is_accepted_whole(rows: list[Row], build: Build) -> None:
    """Every customer of a clean extract is accepted, in order, typed, with its physical line."""
    extract = read(build(rows))

    assert extract.counts.received == extract.counts.accepted == 100
    assert list(extract.customers["customerID"]) == [row["customerID"] for row in rows]
    assert list(extract.customers.index[:2]) == [2, 3]
    assert extract.customers["MonthlyCharges"].dtype == "float64"
    assert not extract.simulated


@pytest.mark.parametrize(("cells", "column", "reason"), BAD_CELLS)
def test_a_fault_is_named_once(rows: list[Row], build: Build, cells: Row, column: str, reason: str) -> None:
    """One bad cell quarantines only its row, with line, column and the right reason."""
    rows[7] |= cells

    extract = read(build(rows))

    assert faults(extract) == [(9, column, reason)]
    assert extract.counts.accepted == 99


@pytest.mark.parametrize(
    "cells",
    [
        {"tenure": "0", "TotalCharges": ""},
        {"tenure": "0", "TotalCharges": "NA"},
        {"tenure": "0", "TotalCharges": "0"},
        {"tenure": "120", "TotalCharges": "6060"},
        {"tenure": "10.0"},
        {"TotalCharges": "252.5"},
        {"TotalCharges": "1010"},
        {"MonthlyCharges": "0", "TotalCharges": "0"},
        {"MonthlyCharges": "10000", "TotalCharges": "1000000", "tenure": "100"},
        {"gender": " fEMALE "},
        {"customerID": "00000000000000000000012345678901234567890"},
        {"customerID": "+33 (0)6 12 34 56 78"},
        {"customerID": "MAR-12"},
        {"InternetService": "No"} | dict.fromkeys(("OnlineSecurity", "OnlineBackup", "DeviceProtection",
        "TechSupport", "StreamingTV", "StreamingMovies"), "no internet service"),
    ],
)  # fmt: skip
def test_a_valid_row_is_never_accused(rows: list[Row], build: Build, cells: Row) -> None:
    """Values at the edge of a rule, or spelt with other case and blanks, are accepted."""
    rows[7] |= cells

    extract = read(build(rows))

    assert faults(extract) == []
    assert extract.counts.accepted == 100


def test_a_row_of_nines_is_accused(rows: list[Row], build: Build) -> None:
    """Amounts that agree with each other, but that float32 cannot hold, are out of range."""
    rows[7] |= {"tenure": "1", "MonthlyCharges": "9" * 60, "TotalCharges": "9" * 60}

    assert faults(read(build(rows))) == [
        (9, "MonthlyCharges", "out_of_range"),
        (9, "TotalCharges", "out_of_range"),
    ]


def test_an_id_is_kept_as_sent(rows: list[Row], build: Build) -> None:
    """Blanks around an id are part of it; nothing is cut off and no row is lost."""
    for row in rows:
        row["customerID"] = f" {row['customerID']} "
    extract = read(build(rows))

    assert faults(extract) == []
    assert list(extract.customers["customerID"]) == [row["customerID"] for row in rows]


def test_one_bad_cell_hides_no_other_fault(rows: list[Row], build: Build) -> None:
    """Every fault of a column and of a row is listed, beside cells that are no numbers at all."""
    rows[0] |= {"MonthlyCharges": "abc", "Contract": "Weekly"}
    rows[1] |= {"MonthlyCharges": "-1"}
    rows[2] |= {"PhoneService": "No"}

    assert faults(read(build(rows))) == [
        (2, "Contract", "unknown_category"),
        (2, "MonthlyCharges", "not_a_number"),
        (3, "MonthlyCharges", "negative"),
        (4, "PhoneService", "phone_incoherent"),
    ]


def test_repeats(rows: list[Row], build: Build) -> None:
    """Of identical repeats one is kept and the rest counted; of conflicting ones none is kept."""
    conflicting = rows[5] | {"tenure": "11", "TotalCharges": "555.5"}
    extract = read(build([*rows, rows[3], rows[3], conflicting]))

    assert extract.counts.exact_duplicates == 2
    assert faults(extract) == [(7, "customerID", "conflicting_id"), (104, "customerID", "conflicting_id")]
    assert extract.counts.accepted == 99


@pytest.mark.parametrize(
    "pair",
    [
        ({"tenure": "abc"}, {"tenure": "xyz"}),
        ({"MonthlyCharges": "50,5"}, {"MonthlyCharges": "60,5"}),
        ({"MonthlyCharges": "9" * 400}, {"MonthlyCharges": "8" * 400}),
        ({"Contract": "Weekly"}, {"Contract": "Daily"}),
    ],
)
def test_different_faults_are_no_repeats(rows: list[Row], build: Build, pair: tuple[Row, Row]) -> None:
    """Two invalid rows are duplicates only if their texts are equal."""
    first, second = (rows[5] | cells for cells in pair)
    rows[5] = first
    extract = read(build([*rows, second, second]))

    assert extract.counts.exact_duplicates == 1
    assert set(extract.quarantine["line"]) == {7, 102}
    assert extract.counts.accepted == 99


@pytest.mark.parametrize(
    "cells",
    [
        {"MonthlyCharges": "50.50"},
        {"tenure": "10.0", "TotalCharges": "505.00"},
        {"gender": " female"},
    ],
)
def test_spelling_makes_no_conflict(rows: list[Row], build: Build, cells: Row) -> None:
    """The same number or category spelt differently is an identical repeat."""
    extract = read(build([*rows, rows[5] | cells]))

    assert extract.counts.exact_duplicates == 1
    assert faults(extract) == []


def test_blank_totals_repeat(rows: list[Row], build: Build) -> None:
    """All spellings of a blank total are equal."""
    rows[5] |= {"tenure": "0", "TotalCharges": "NA"}
    extract = read(build([*rows, rows[5] | {"TotalCharges": " "}, rows[5] | {"TotalCharges": "0"}]))

    assert extract.counts.exact_duplicates == 1
    assert faults(extract) == [(7, "customerID", "conflicting_id"), (103, "customerID", "conflicting_id")]


@pytest.mark.parametrize(("line", "reason"), BAD_LINES)
def test_a_line_that_is_no_row(rows: list[Row], build: Build, line: bytes, reason: str) -> None:
    """A broken physical line affects only itself and is reported by its number."""
    lines = build(rows).split(b"\n")
    lines.insert(4, line)

    extract = read(b"\n".join(lines))

    assert faults(extract) == [(5, "", reason)]
    assert extract.counts.accepted == 100


@pytest.mark.parametrize(
    "dialect",
    [
        {"newline": "\r\n"},
        {"newline": "\r"},
        {"separator": ";"},
        {"separator": "|"},
        {"separator": "\t"},
        {"quote_all": True},
        {"order": list(reversed(EXTRACT_ORDER))},
    ],
)
def test_dialect_costs_no_row(rows: list[Row], build: Build, dialect: dict[str, object]) -> None:
    """Line ends, separators, quotes and the order of columns change nothing that is read."""
    plain, other = read(build(rows)), read(build(rows, **dialect))

    pd.testing.assert_frame_equal(plain.customers, other.customers)


def test_bom_blank_lines_and_missing_final_newline(rows: list[Row], build: Build) -> None:
    """A byte-order mark, blank lines and a missing final newline cost no customer."""
    data = b"\xef\xbb\xbf\n" + build(rows).replace(b"\n", b"\n  \n", 1).removesuffix(b"\n")

    extract = read(data)

    assert extract.counts.accepted == 100
    assert extract.counts.blank_lines == 1
    assert extract.customers.index[0] == 4


COMMA_BLANKS = [
    ",,,,,,,,,,,,,,,,,,,,", ",", ",,,,,,,,,,,,,,,,,,,,,,,,,,,", " , ,\t, ", '"",""', '""', '" ",,"\t" ,',
    "\u00a0,,\u2003", ",\u202f,", "\v,\f", '  ""', "\u00a0",
]  # fmt: skip


@pytest.mark.parametrize("blank", COMMA_BLANKS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_line_without_content_is_a_blank_line(
    rows: list[Row], build: Build, blank: str, newline: str
) -> None:
    """Wherever it stands and however long it is, it costs no customer and counts as no row."""
    lines = build(rows).decode().splitlines()
    extract = read(
        newline.join([*lines[:1], blank, *lines[1:51], blank, *lines[51:], *[blank] * 200]).encode()
    )

    pd.testing.assert_frame_equal(
        extract.customers.reset_index(drop=True), read(build(rows)).customers.reset_index(drop=True)
    )
    assert extract.customers.index[[0, 50, 99]].tolist() == [3, 54, 103]
    assert (extract.counts.blank_lines, extract.counts.quarantined) == (202, 0)
    assert (extract.counts.received, extract.counts.exact_duplicates) == (302, 0)
    above = read(newline.join([blank, blank, *lines]).encode())
    assert above.counts == read(build(rows)).counts
    assert above.customers.index[0] == 4


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_so_is_one_between_other_separators(rows: list[Row], build: Build, separator: str) -> None:
    """A line has no content between the separators of its file; those of other files are content."""
    data = build(rows, separator=separator) + f"{separator * 20}\n{separator}\n".encode()

    assert read(data).counts.blank_lines == 2
    other = read(data + b",,,,\n")
    assert (other.counts.blank_lines, other.counts.quarantined) == (2, 1)


@pytest.mark.parametrize("line", ['","', '"""",', ",\x00,", ",\u200b", ",x", ",0,", '"', ',"', ",\ufeff,"])
def test_whatever_stands_in_a_line_is_not_lost(rows: list[Row], build: Build, line: str) -> None:
    """One visible character, a control character or an unpaired quote makes a line a row, good or bad."""
    extract = read(build(rows) + f"{line}\n".encode())

    assert (extract.counts.blank_lines, extract.counts.quarantined) == (0, 1)


def test_names_and_extra_columns(rows: list[Row], build: Build) -> None:
    """Names are folded; an index column and extra columns are ignored and named."""
    header, _, body = build(rows).decode().partition("\n")
    header = header.replace("MonthlyCharges", "Monthly_ charges").replace("customerID", "CUSTOMER ID")
    header = header.replace("tenure", "\u00a0tenure\u00a0").replace("Contract", "Contract\u202f")
    numbered = [f"{n},{line},9" for n, line in enumerate(body.splitlines())]
    data = "\n".join([f",{header},Segment", *numbered]).encode()

    extract = read(data)

    assert extract.counts.accepted == 100
    assert extract.ignored_columns == ("Segment",)


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Région", "Région"),
        ("Opt-in wave_2", "Opt-in wave_2"),
        ("0612345678", "column 22"),
        ("jean.dupont@example.com", "column 22"),
        ("Mary Smith 0000-AAAAA", "column 22"),
    ],
)
def test_a_column_whose_name_may_be_a_value_is_called_by_its_place(
    rows: list[Row], build: Build, name: str, called: str
) -> None:
    """Ignored columns are named only if the name consists of words, since it goes into logs and manifests."""
    data = build([row | {name: "9"} for row in rows], order=[*EXTRACT_ORDER, name])

    assert read(data).ignored_columns == (called,)


def test_declared_aliases_and_values(rows: list[Row], build: Build) -> None:
    """Spellings that normalisation does not cover are read if the config maps them."""
    data = build(rows).replace(b"tenure", b"anciennete").replace(b"Mailed check", b"Cheque")
    config = CONFIG.model_copy(
        update={
            "aliases": {"anciennete": "tenure"},
            "value_maps": {"PaymentMethod": {"cheque": "Mailed check"}},
        }
    )

    assert read(data, config).counts.accepted == 100


@pytest.mark.parametrize(
    "change",
    [
        {"aliases": {"x": "nothing"}},
        {"value_maps": {"nothing": {}}},
        {"value_maps": {"Contract": {"Mensuel": "Monthly"}}},
    ],
)
def test_a_declaration_that_leads_nowhere(rows: list[Row], build: Build, change: dict[str, object]) -> None:
    """An alias or value map outside the contract is the operator's to fix."""
    with pytest.raises(ConfigError, match="ingest"):
        read(build(rows), CONFIG.model_copy(update=change))


def test_outcomes_are_no_features_when_scoring(rows: list[Row], build: Build) -> None:
    """Scoring reads the same customers whether the outcome is absent, present or nonsense."""
    with_outcome = read(build(rows), scoring=True)
    without = read(build(rows, order=[c for c in EXTRACT_ORDER if c != "Churn"]), scoring=True)
    nonsense = read(build([row | {"Churn": "?"} for row in rows]), scoring=True)

    assert list(without.customers) == ["customerID", *FEATURES]
    pd.testing.assert_frame_equal(with_outcome.customers, without.customers)
    pd.testing.assert_frame_equal(nonsense.customers, without.customers)


def test_simulated_customers_are_told_apart(rows: list[Row], build: Build) -> None:
    """An extract with simulated ids is marked; a mixture is refused."""
    simulated = [row | {"customerID": f"SIM-{n}"} for n, row in enumerate(rows)]

    assert read(build(simulated)).simulated
    with pytest.raises(ExtractError, match="mixes 50 simulated"):
        read(build(simulated[:50] + rows[50:]))


def test_a_lossy_reader_is_caught(rows: list[Row], build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that the reader swallows is missed by the independent count, and the file refused."""
    honest = block_reader.read_lines

    def lossy(sent: Iterable[tuple[int, int, bytes]], dialect: Dialect) -> SplitLines:
        return honest(list(sent)[:-1], dialect)

    monkeypatch.setattr(block_reader, "read_lines", lossy)
    rows[1]["Contract"] = "Weekly"

    with pytest.raises(ExtractError, match="100 lines were received but 99 are accounted for"):
        read(build(rows))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 99), st.sampled_from(EXTRACT_ORDER), st.text(max_size=6)), max_size=8)
)
def test_every_line_is_accounted_for(
    build: Build, rows: list[Row], edits: list[tuple[int, str, str]]
) -> None:
    """Whatever stands in the cells, the lines add up and only edited rows are quarantined."""
    changed = [dict(row) for row in rows]
    for row, column, text in edits:
        changed[row][column] = text.replace("\n", "").replace("\r", "")
    extract = read(build(changed))

    touched = {row + 2 for row, _, _ in edits}
    touched |= {
        n + 2
        for n, row in enumerate(changed)
        if row["customerID"] in {changed[r]["customerID"] for r, _, _ in edits}
    }
    assert extract.counts.reconciles
    assert set(extract.quarantine["line"]) <= touched
    assert extract.counts.received == 100


def test_every_reason_is_given(rows: list[Row], build: Build) -> None:
    """An extract with every known fault yields every reason."""
    cells = [
        rows[5] | bad | {"customerID": bad.get("customerID", f"bad {n}")}
        for n, (bad, *_) in enumerate(BAD_CELLS)
    ]
    conflict = rows[5] | {"tenure": "11", "TotalCharges": "555.5"}
    data = build([*rows, *cells, conflict]) + b"\n".join(line for line, _ in BAD_LINES)

    extract = read(data, CONFIG.model_copy(update={"max_quarantined_share": 0.9}))

    assert set(extract.quarantine["reason"]) == set(HINTS)


def test_order_of_rows_is_kept(rows: list[Row], build: Build) -> None:
    """Accepted customers keep the order of the file."""
    random.Random(1).shuffle(rows)  # noqa: S311

    assert list(read(build(rows)).customers["customerID"]) == [row["customerID"] for row in rows]


@pytest.mark.real
@pytest.mark.parametrize("purpose", ["training", "scoring"])
def test_the_reference_is_accepted_whole(real_extract: Path, purpose: block_reader.Purpose) -> None:
    """All 7,043 customers of the reference are accepted, 11 of them not billed yet."""
    extract = read_extract(real_extract.read_bytes(), real_extract.name, purpose, IngestConfig())

    assert extract.counts.received == extract.counts.accepted == 7_043
    assert extract.customers["TotalCharges"].isna().sum() == 11
    assert extract.extract_id == "16320c9c1ec72448"


@pytest.mark.real
def test_the_windows_twin_reads_the_same(real_extract: Path) -> None:
    """The reference as a Windows tool saved it gives the same customers."""
    twin = real_extract.with_name("telco_churn_bom_crlf.csv")
    plain, windows = (
        read_extract(path.read_bytes(), path.name, "training", IngestConfig())
        for path in (real_extract, twin)
    )

    pd.testing.assert_frame_equal(plain.customers, windows.customers)
