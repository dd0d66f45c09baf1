"""What can be read in only one way is read and counted, whatever an extract is written as."""

import gzip
import io
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from schemas.config import IngestConfig
from tasks.core.contract import quirks
from tasks.core.contract.frame import accept_frame
from tasks.core.errors import ExtractError
from tasks.core.extract.whole.in_memory import Extract, read_extract, read_texts
from tasks.core.extract.whole.whole_extract import Reading, judged
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Texts, identify
from tests.core.extract.test_damaged_ids import as_parquet
from tests.harness.customers import make_customers

BOM = b"\xef\xbb\xbf"


def written(rows: int = 10, **cells: object) -> pd.DataFrame:
    """Make customers with text cells; `cells` replace those of the first rows."""
    table = make_customers(rows).drop(columns="Churn").astype(object)
    table = table.where(table.notna(), "").astype(str)
    for column, sent in cells.items():
        values = sent if isinstance(sent, list) else [sent]
        table.loc[table.index[: len(values)], column] = values
    return table


def read(data: bytes) -> Extract:
    """Read an extract to score."""
    return read_extract(data, "crm.csv", "scoring", IngestConfig())


def same_customers(one: Extract, other: Extract) -> None:
    """Check that two extracts have the same customers, on whatever lines."""
    ours, theirs = (each.customers.reset_index(drop=True) for each in (one, other))
    pd.testing.assert_frame_equal(ours, theirs)


CELLS: list[tuple[dict[str, object], dict[str, object], dict[str, int]]] = [
    ({"tenure": [" 0", "0 ", " 0 "]}, {"tenure": ["0"] * 3}, {quirks.PADDED_NUMBER: 3}),
    ({"MonthlyCharges": "\u00a050.5\u202f"}, {"MonthlyCharges": "50.5"}, {quirks.PADDED_NUMBER: 1}),
    *(
        ({"TotalCharges": word}, {"TotalCharges": ""}, {quirks.MISSING_WORD: 1})
        for word in ("NULL", "null", "\\N", "NaN", "nan", "NA", "N/A", "None", "<NA>", " NULL ")
    ),
    ({"SeniorCitizen": ["0.0", "1.0", "1.00"]}, {"SeniorCitizen": ["0", "1", "1"]}, {quirks.DECIMAL_CODE: 3}),
    ({"Partner": ["Yes\u00a0", "\u202fNO "]}, {"Partner": ["Yes", "No"]}, {quirks.NO_BREAK_BLANK: 2}),
]


@pytest.mark.parametrize(("sent", "meant", "counted"), CELLS)
def test_a_cell_that_can_be_read_in_only_one_way(
    sent: dict[str, object], meant: dict[str, object], counted: dict[str, int]
) -> None:
    """CSV, Parquet and frames read it alike, and files count it; the plain spelling is not counted."""
    others = {"tenure": ["0"] * 3, "MonthlyCharges": ["50.5"] * 3, "TotalCharges": ["0"] * 3}
    odd, plain = written(**others | sent), written(**others | meant)

    extract = read(odd.to_csv(index=False).encode())
    expected = read(plain.to_csv(index=False).encode())

    assert (extract.counts.accepted, dict(extract.quirks)) == (10, counted)
    assert (expected.counts.accepted, dict(expected.quirks)) == (10, {})
    for other in (
        read(odd.to_csv(index=False, quoting=1, sep=";").encode()),
        as_parquet(pa.Table.from_pandas(odd)),
    ):
        same_customers(other, expected)
        assert dict(other.quirks) == counted
    same_customers(extract, expected)
    pd.testing.assert_frame_equal(accept_frame(odd), accept_frame(plain))


def test_a_nan_in_parquet_is_a_missing_number() -> None:
    """It is judged like the null that other writers put there."""
    table = make_customers(5).assign(tenure=0, TotalCharges=0.0)
    batch = pa.Table.from_pandas(table).set_column(
        table.columns.get_loc("TotalCharges"), "TotalCharges", pa.array([float("nan")] * 5)
    )

    assert as_parquet(batch).customers["TotalCharges"].isna().all()


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"MonthlyCharges": "5 0"}, "not_a_number"),
        ({"MonthlyCharges": "-"}, "not_a_number"),
        ({"MonthlyCharges": "#N/A"}, "not_a_number"),
        ({"MonthlyCharges": " NULL"}, "missing_value"),
        ({"TotalCharges": "NULL", "tenure": "5"}, "total_blank"),
        ({"SeniorCitizen": "0.5"}, "unknown_category"),
        ({"SeniorCitizen": "2.0"}, "unknown_category"),
        ({"Contract": "NULL"}, "unknown_category"),
        ({"Contract": "\u00a0"}, "missing_value"),
    ],
)
def test_a_cell_that_cannot(cells: dict[str, object], reason: str) -> None:
    """It puts its row in quarantine, as before."""
    data = written(30, **cells).to_csv(index=False).encode()

    assert read(data).quarantine["reason"].tolist() == [reason]


FILES: list[tuple[str, Callable[[bytes], bytes], dict[str, int], int]] = [
    ("sep line", lambda data: b"sep=,\n" + data, {quirks.SEPARATOR_LINE: 1}, 0),
    ("sep line, Excel", lambda data: BOM + b'"sep=;"\r\n' + data, {quirks.SEPARATOR_LINE: 1}, 0),
    ("sep tab, blanks around", lambda data: b"\nSEP=\t\n\n" + data, {quirks.SEPARATOR_LINE: 1}, 0),
    ("two marks", lambda data: BOM + BOM + data, {quirks.EXTRA_MARK: 1}, 0),
    ("CR CR LF", lambda data: data.replace(b"\n", b"\r\r\n"), {quirks.CARRIAGE_RETURNS: 10}, 0),
    ("CR", lambda data: data.replace(b"\n", b"\r"), {}, 0),
    ("CR, LF at the end", lambda data: data.replace(b"\n", b"\r") + b"\n", {}, 1),
    ("CR, CRLF last", lambda data: data.strip().replace(b"\n", b"\r") + b"\r\n", {}, 1),
    ("CR, LF last", lambda data: data.strip().replace(b"\n", b"\r") + b"\n", {}, 0),
    ("CR, sep line", lambda data: (b"sep=,\n" + data).replace(b"\n", b"\r"), {quirks.SEPARATOR_LINE: 1}, 0),
    ("count", lambda data: data + b"\n(10 rows affected)\n", {quirks.REMARK: 1}, 2),
    ("total", lambda data: data + b"Total: 10 rows", {quirks.REMARK: 1}, 1),
    ("sums", lambda data: data + b"Total" + b"," * 18 + b"648.5,1200\n", {quirks.REMARK: 1}, 1),
    ("end of file", lambda data: data + b"\x1a", {quirks.REMARK: 1}, 1),
    (
        "ruled",
        lambda data: data.replace(b"\n", b"\n" + b",".join([b"----"] * 20) + b"\n", 1),
        {quirks.REMARK: 1},
        1,
    ),
]


@pytest.mark.parametrize(("how", "counted", "blank"), [each[1:] for each in FILES], ids=[e[0] for e in FILES])
def test_a_file_that_can_be_read_in_only_one_way(
    how: Callable[[bytes], bytes], counted: dict[str, int], blank: int
) -> None:
    """Ten customers of ten are read, wherever blocks are cut, and what was skipped is counted."""
    data = written().to_csv(index=False).encode()

    extract = read(how(data))

    same_customers(extract, read(data))
    assert (extract.counts.received, extract.counts.blank_lines) == (10 + blank, blank)
    assert dict(extract.quirks) == counted
    with closing(Reading("x", "scoring", IngestConfig())) as reading:
        for reader, block in reading.blocks([("x", io.BytesIO(how(data)))], block_bytes=100):
            reading.add(judged(reader, block, reader.read(block)))
        findings = reading.finish()
    assert (findings.counts, findings.quirks) == (extract.counts, extract.quirks)


def test_a_line_that_was_cut_off_is_no_remark() -> None:
    """The rest of a customer's line is a bad row, so a truncated file is not taken for a whole one."""
    data = written(30).to_csv(index=False).encode()

    for rest in (b"TEST-0", b"12", b"TEST-0,Male", b"total recall", b"LINE-000123", b"LINE-000123,"):
        assert read(data + rest).quarantine["reason"].tolist() == ["short_row"]


def test_a_separator_that_is_not_read() -> None:
    """A 'sep=' line with another one is refused by its line, and so is one with nothing below it."""
    data = written().to_csv(index=False, sep=":").encode()

    with pytest.raises(ExtractError, match=r": line 1 \('sep='\) declares an unknown separator\. Export it"):
        read(b"sep=:\n" + data)
    with pytest.raises(ExtractError, match="is empty"):
        read(b"sep=;\n \n")


@pytest.mark.parametrize("void", [b"", BOM, gzip.compress(b"")])
def test_a_part_without_content(void: bytes, tmp_path: Path) -> None:
    """Beside parts with customers it is skipped and counted; lines are numbered as if it were not there."""
    for name, data in (("0", void), ("1", written(5).to_csv(index=False).encode()), ("2", void)):
        (tmp_path / name).write_bytes(data)
    config = IngestConfig()

    def read_folder() -> Extract:
        delivery = identify(ExtractPath(tmp_path, delivered=False))
        return read_texts(Texts(delivery, config), "crm", delivery.sha256, "scoring", config)

    extract = read_folder()

    assert extract.customers.index.tolist() == [2, 3, 4, 5, 6]
    assert dict(extract.quirks) == {quirks.EMPTY_PART: 2}
    (tmp_path / "1").write_bytes(written(0).to_csv(index=False).encode())
    with pytest.raises(ExtractError, match="has a header but no customers"):
        read_folder()
    (tmp_path / "1").unlink()
    with pytest.raises(ExtractError, match="'crm' is empty; expected a header"):
        read_folder()
