"""Acceptance: each scored customer is found in the extract, whatever else the extract has."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from schemas.columns import CATEGORIES
from tasks.core.campaigns.choice.published_scores import PublishedRows
from tasks.core.campaigns.choice.scored_customers import _Join
from tasks.core.contract.accepted import Accepted
from tasks.core.errors import ConfigError, ExtractError
from tests.harness.campaigns import make_campaign
from tests.harness.customers import make_customers
from tests.harness.scored import selected_from, terms_of, write_scores

CUSTOMERS = make_customers(60, seed=2).drop(columns="Churn")
ODD = ["A,1", 'B"2', 'x""', "y,", "Élan-3", "李-4", "x y", "a;b", "o'q", "A", "AA", "a", "aA "]
CUSTOMERS.loc[: len(ODD) - 1, "customerID"] = ODD
ALL = {"risk_bands": ("high", "medium", "low"), "bases": (), "out_of_domain": True}
CAMPAIGN = make_campaign(
    eligibility=ALL, incentive=0, contact_cost=0, budget={}, experiment={"id": "e", "control_share": 0}
)


def joined(
    scores: Path, extract: Path, folder: Path, **options: int
) -> dict[str, tuple[float, tuple[str, ...], float, float, list[str]]]:
    """Join, and return probability, values and reasons by customer."""
    found = {}
    with selected_from(scores, extract, terms_of(CAMPAIGN), folder, **options) as selected:
        for details, ids in selected.contacts():
            for one, name in zip(details, ids, strict=True):
                values = tuple(
                    words[code] for words, code in zip(CATEGORIES.values(), one["codes"], strict=True)
                )
                tenure, monthly, _ = one["numbers"].tolist()
                found[name] = (float(one["probability"]), values, tenure, monthly)
    return found


def expected(scores: Path, customers: pd.DataFrame) -> dict[str, object]:
    """Join by pandas."""
    rows = pd.read_csv(scores, dtype={"customerID": "str"}, keep_default_na=False).set_index("customerID")
    of = customers.drop_duplicates().set_index("customerID").loc[rows.index]
    return {
        name: (p, tuple(row), tenure, monthly)
        for name, p, row, tenure, monthly in zip(
            rows.index,
            rows["churn_probability"],
            of[list(CATEGORIES)].astype(str).itertuples(index=False),
            of["tenure"],
            of["MonthlyCharges"],
            strict=True,
        )
        if p > 0
    }


def with_faults(customers: pd.DataFrame) -> pd.DataFrame:
    """Add repeats, two conflicts, and rows that break the contract, before, between and after the others."""
    conflict = customers.iloc[[30, 40]].assign(tenure=1, TotalCharges=customers["MonthlyCharges"])
    broken = customers.iloc[[3, 4, 5]].assign(Contract="Weekly")
    unknown = broken.assign(customerID=["N-1", "", "N-3"])
    parts = [unknown, customers.iloc[:35], customers.iloc[[2, 2, 9]], broken, conflict, customers.iloc[35:]]
    return pd.concat([*parts, unknown])


def as_csv(customers: pd.DataFrame, folder: Path) -> Path:
    """Write one CSV file."""
    customers.to_csv(folder / "crm.csv", index=False)
    return folder / "crm.csv"


def as_gzip(customers: pd.DataFrame, folder: Path) -> Path:
    """Write a compressed CSV file."""
    (folder / "crm.csv.gz").write_bytes(gzip.compress(customers.to_csv(index=False).encode()))
    return folder / "crm.csv.gz"


def as_parquet(customers: pd.DataFrame, folder: Path) -> Path:
    """Write a Parquet file of texts."""
    texts = customers.astype(object).where(customers.notna(), "").astype(str)
    texts.to_parquet(folder / "crm.parquet", index=False)
    return folder / "crm.parquet"


def as_folder(customers: pd.DataFrame, folder: Path) -> Path:
    """Write a folder of three parts."""
    (folder / "crm").mkdir()
    for place, rows in enumerate(np.array_split(np.arange(len(customers)), 3)):
        customers.iloc[rows].to_csv(folder / "crm" / f"part-{place}.csv", index=False)
    return folder / "crm"


@pytest.mark.parametrize("write", [as_csv, as_gzip, as_parquet, as_folder])
def test_every_scored_customer_is_found_with_its_own_values(
    write: Callable[[pd.DataFrame, Path], Path], tmp_path: Path
) -> None:
    """Acceptance: among repeats, conflicts, bad rows and whoever was not scored; odd ids included."""
    in_conflict = CUSTOMERS["customerID"].iloc[[30, 40]]
    not_scored = CUSTOMERS["customerID"].iloc[[0, 7, 50, 59]]
    left = CUSTOMERS[~CUSTOMERS["customerID"].isin([*in_conflict, *not_scored])]
    scores = write_scores(tmp_path / "scores.csv", left["customerID"].tolist())
    extract = write(with_faults(CUSTOMERS), tmp_path)

    wanted = expected(scores, CUSTOMERS)
    assert len(wanted) == 54
    assert joined(scores, extract, tmp_path) == wanted
    assert joined(scores, extract, tmp_path, batch_bytes=301, block_bytes=700, threads=2) == wanted


@pytest.mark.parametrize("case", ["another", "reversed", "one missing", "one missing at the end", "empty"])
def test_another_extract_is_refused(case: str, tmp_path: Path) -> None:
    """One line to the operator, whichever customer is not where the scores have it."""
    others = {
        "another": make_customers(60, seed=3).drop(columns="Churn"),
        "reversed": CUSTOMERS.iloc[::-1],
        "one missing": CUSTOMERS.drop(index=CUSTOMERS.index[20]),
        "one missing at the end": CUSTOMERS.iloc[:-1],
        "empty": CUSTOMERS.iloc[:1].assign(customerID="X-1"),
    }
    scores = write_scores(tmp_path / "scores.csv", CUSTOMERS["customerID"].tolist())

    with pytest.raises(ConfigError, match="not have the customers of the scores in their order") as raised:
        joined(scores, as_csv(others[case], tmp_path), tmp_path)
    assert "\n" not in str(raised.value)
    assert not any(each in str(raised.value) for each in CUSTOMERS["customerID"].iloc[len(ODD) :])


def test_scores_of_nobody_need_no_customer(tmp_path: Path) -> None:
    """An extract whose customers all objected has scores without rows."""
    scores = write_scores(tmp_path / "scores.csv", [])
    assert joined(scores, as_csv(CUSTOMERS, tmp_path), tmp_path) == {}


def test_an_extract_that_breaks_its_contract_is_the_sender_s(tmp_path: Path) -> None:
    """It was scored, so it cannot; if it does, the line names it."""
    scores = write_scores(tmp_path / "scores.csv", CUSTOMERS["customerID"].tolist())
    (tmp_path / "crm.csv").write_text("something,else\n1,2\n")
    with pytest.raises(ExtractError, match=r"extract 'crm\.csv'"):
        joined(scores, tmp_path / "crm.csv", tmp_path)


def test_an_id_is_not_found_in_a_longer_one() -> None:
    """Ids that begin alike are different, wherever a batch of scores ends."""

    def rows(ids: list[str]) -> tuple[np.ndarray, np.ndarray]:
        ends = np.cumsum([0, *map(len, ids)], dtype=np.int64)
        return np.frombuffer("".join(ids).encode(), dtype=np.uint8), np.stack([ends[:-1], ends[1:]], axis=1)

    def scored(ids: list[str]) -> PublishedRows:
        size = len(ids)
        flat = np.zeros(size, dtype=np.int8)
        return PublishedRows(*rows(ids), np.zeros(size), flat, flat, np.zeros((size, 3), np.int8), flat)

    taken: list[tuple[list[str], int]] = []

    def take(customers: Accepted, found: PublishedRows) -> None:
        taken.append(([customers.text_of_id(row) for row in range(len(customers))], len(found)))

    octets, ids = rows(["A", "AA", "AAA", "B", "AB"])
    numbers, codes = np.zeros((5, 0)), np.zeros((5, 0), dtype=np.int8)
    customers = Accepted((), np.arange(5), octets.copy(), ids, codes, numbers, codes)
    join = _Join(iter([scored(["AA"]), scored(["AB"])]), take)
    join.add(customers)
    join.finish()
    assert taken == [(["AA"], 1), (["AB"], 1)]
