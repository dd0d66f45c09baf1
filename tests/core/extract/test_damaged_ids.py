"""A damaged id gets the same verdict whatever an extract is written as, and however it is read."""

import hashlib
import io
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.columns import ID
from schemas.config import IngestConfig
from tasks.core.contract.frame import accept_frame
from tasks.core.errors import ConfigError, ExtractError
from tasks.core.extract.whole.in_memory import Extract, read_extract, read_texts
from tasks.core.intake.parquet import ParquetText
from tests.harness.customers import make_customers
from tests.schemas.test_customer_ids import DAMAGED, LEGAL

CONFIG = IngestConfig(max_quarantined_share=1.0)
_SENT = [sent for kinds in DAMAGED.values() for sent in kinds] + LEGAL
TEXTS = [
    sent
    for sent in _SENT
    if not sent.startswith(("SIM-", "TEST-"))
    and all(each.isprintable() or each in "\u200b\ufeff" for each in sent)
]
"""Ids without the characters for which CSV refuses the whole line, and that are not taken."""


def customers(ids: Any) -> pd.DataFrame:
    """Make valid customers, the first of whom have these ids."""
    table = make_customers(len(ids) + 300).astype({ID: object})
    table[ID] = [*ids, *table[ID].iloc[len(ids) :]]
    return table


def as_csv(table: pd.DataFrame) -> Extract:
    """Read customers written as CSV, every field quoted."""
    return read_extract(table.to_csv(index=False, quoting=1).encode(), "crm.csv", "scoring", CONFIG)


def as_parquet(table: pa.Table, config: IngestConfig = CONFIG) -> Extract:
    """Read customers written as Parquet."""
    file = io.BytesIO()
    pq.write_table(table, file)
    texts = [("crm.parquet", ParquetText(file, config))]
    return read_texts(texts, "crm.parquet", hashlib.sha256(file.getvalue()).hexdigest(), "scoring", config)


def damaged(extract: Extract) -> list[int]:
    """List the customers, counted from 0, whose only fault is a damaged id."""
    found = extract.quarantine
    assert set(found["reason"]) <= {"damaged_id"}
    assert set(found["column"]) <= {ID}
    return (found["line"] - 2).tolist()


def refused_as_frame(sent: object) -> bool:
    """Tell whether a frame with this id is refused because of it."""
    try:
        accept_frame(customers([sent]).head(1))
    except ExtractError as error:
        return "'customerID': damaged_id, in rows 0" in str(error)
    return False


def test_text_parquet_and_frames_agree() -> None:
    """CSV, Parquet and a DataFrame refuse the same ids and publish the others as they were sent."""
    table = customers(TEXTS)

    csv, parquet = as_csv(table), as_parquet(pa.Table.from_pandas(table))

    assert damaged(csv) == damaged(parquet) == [at for at, sent in enumerate(TEXTS) if refused_as_frame(sent)]
    assert csv.customers[ID].tolist() == parquet.customers[ID].tolist()
    assert set(LEGAL) & set(TEXTS) <= set(csv.customers[ID])


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([455000000001.0, 12.0, 4.55e20]),
        pa.array([455000000001.0, 12.0, 4.55e20], pa.float32()),
        pa.array([455000000001.0, 12.0, 12.0]).dictionary_encode(),
        pa.array(["12", "13", "14"]).cast(pa.decimal128(20, 2)),
        pa.array([True, False, True]),
        pa.array([1, 2, 3], pa.date32()),
        pa.array([1, 2, 3], pa.timestamp("us")),
    ],
    ids=lambda ids: str(ids.type),
)
def test_ids_of_another_type_are_damaged(ids: pa.Array) -> None:
    """Floating-point numbers, dates and truth values are no ids, in Parquet as in a frame."""
    table = pa.Table.from_pandas(make_customers(len(ids))).set_column(0, ID, ids)

    with pytest.raises(ExtractError, match="most often damaged_id in 'customerID'"):
        as_parquet(table)
    assert all(refused_as_frame(each) for each in ids.to_pandas())


def test_a_float_id_under_an_alias_is_damaged_too() -> None:
    """The column of the ids is found by the sender's own name for it."""
    table = make_customers(3)
    table[ID] = [1.0, 2.0, 3.0]
    config = IngestConfig(aliases={"client": ID})

    with pytest.raises(ExtractError, match="damaged_id"):
        as_parquet(pa.Table.from_pandas(table.rename(columns={ID: "client"})), config)
    with pytest.raises(ConfigError, match=r"ingest.aliases: 'client' maps to 'id'"):
        as_parquet(pa.Table.from_pandas(table), IngestConfig(aliases={"client": "id"}))


def test_whole_numbers_are_ids() -> None:
    """Integers are published digit by digit, from Parquet and from a frame."""
    ids = [455000000001, 12, 2**62]
    table = make_customers(3)
    table[ID] = ids

    assert as_parquet(pa.Table.from_pandas(table)).customers[ID].tolist() == [*map(str, ids)]
    assert accept_frame(table)[ID].tolist() == [*map(str, ids)]


def test_damaged_ids_do_not_conflict() -> None:
    """Rows that share a damaged id are not asked to be one line a customer."""
    table = customers(["4.55E+11", "4.55E+11", "NULL", "NULL", "=1"])

    extract = as_csv(table)

    assert damaged(extract) == [0, 1, 2, 3, 4]
    with pytest.raises(ExtractError, match=r"5 of 305 rows .* damaged_id, in rows 0, 1, 2, \+2 "):
        accept_frame(table)


def test_the_same_row_twice_is_a_duplicate_though_its_id_is_damaged() -> None:
    """A repeat is counted as one, and its twin is quarantined."""
    table = customers(["4.55E+11"])
    table = pd.concat([table, table.iloc[:1]])

    extract = as_csv(table)

    assert damaged(extract) == [0]
    assert extract.counts.exact_duplicates == 1
