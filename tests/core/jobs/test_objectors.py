"""Acceptance: whoever objected is never encoded, by whatever path they would be scored."""

import base64
import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from schemas.config import ContactsConfig, Locations, ScoreConfig
from schemas.manifest import MANIFEST, ScoresManifest
from tasks.core.bundle.encoder import Encoder
from tasks.core.contract.customer_ids import fold
from tasks.core.contract.objections import ListedObjections
from tasks.core.errors import ChurnError, ConfigError, ContactsError
from tasks.core.jobs.move_champion import move_champion
from tasks.core.jobs.night_outcome import NightOutcome
from tasks.core.jobs.score_night import score_night
from tests.harness.customers import make_customers
from tests.harness.environment import SECRET
from tests.harness.home import Home

NOW = datetime(2026, 3, 3, 4, tzinfo=UTC)
CUSTOMERS = make_customers(300, seed=5).drop(columns="Churn")
OBJECTORS = CUSTOMERS["customerID"].iloc[::10].tolist()
OTHERS = sorted({*CUSTOMERS["customerID"]} - {*OBJECTORS})


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the customers who reach the encoder; the bundle's examples have no ids."""
    seen: Counter[str] = Counter()
    for name in ("columns", "columns_of"):
        original = getattr(Encoder, name)

        def spy(self: Encoder, customers: object, original: Callable[..., object] = original) -> object:
            if isinstance(customers, pd.DataFrame):
                seen.update(customers.get("customerID", pd.Series(dtype="str")).tolist())
            else:
                seen.update(customers.text_of_id(row) for row in range(len(customers)))  # type: ignore[attr-defined, arg-type]
            return original(self, customers)

        monkeypatch.setattr(Encoder, name, spy)
    return seen


@pytest.fixture
def house(trained_home: Home) -> Locations:
    """Provide a home with a champion and an extract in its inbox."""
    home = Locations(home=trained_home.path)
    deliver(home, CUSTOMERS)
    return home


def deliver(home: Locations, customers: pd.DataFrame, day: str = "2026-03-01") -> None:
    """Put an extract into the inbox."""
    home.inbox.mkdir(exist_ok=True)
    customers.to_csv(home.inbox / f"crm_{day}.csv", index=False)


def objections(folder: Path, ids: list[str] = OBJECTORS, name: str = "objections_2026-03-02.csv") -> Path:
    """Write an objection list, with ids as a call centre writes them."""
    rows = [f" {each.lower()} ,2026-01-01,marketing\n" for each in ids]
    path = folder / name
    path.write_text("customerID,objected_on,scope\n" + "".join(rows))
    return path


def night(home: Locations, contacts: Path | None, **options: object) -> NightOutcome:
    """Score what is in the inbox."""
    config = ScoreConfig(
        settle_seconds=0, contacts=ContactsConfig(objections=contacts) if contacts is not None else None
    )
    return score_night(home=home, config=config, secret=SECRET, now=lambda: NOW, force=True, **options)


def manifest_of(folder: Path) -> ScoresManifest:
    """Read a manifest."""
    return ScoresManifest.model_validate_json((folder / MANIFEST).read_bytes())


def scored_in(folder: Path) -> list[str]:
    """List the customers in scores.csv."""
    return sorted(pd.read_csv(folder / "scores.csv", dtype="str")["customerID"])


@pytest.mark.parametrize("reader", ["blocks", "lines"])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_night_encodes_no_objector(
    house: Locations, tmp_path: Path, encoded: Counter[str], reader: str, threads: int
) -> None:
    """Repeats and bad rows of objectors included; the counts add up."""
    repeats = CUSTOMERS.iloc[[0, 1, 10]]
    conflict = CUSTOMERS.iloc[[20]].assign(
        gender="Male" if CUSTOMERS["gender"].iloc[20] == "Female" else "Female"
    )
    bad = CUSTOMERS.iloc[[30]].assign(customerID="X", Contract="Weekly")
    deliver(house, pd.concat([CUSTOMERS, repeats, conflict, bad]))
    config = {"settle_seconds": 0, "threads": threads, "ingest": {"reader": reader}}
    config |= {"contacts": {"objections": objections(tmp_path)}}

    outcome = score_night(
        home=house, config=ScoreConfig.model_validate(config), secret=SECRET, now=lambda: NOW, force=True
    )

    (folder,) = outcome.scored
    counts = manifest_of(folder).extract.counts
    assert {*encoded} == {*OTHERS}
    assert scored_in(folder) == OTHERS
    assert (counts.received, counts.accepted, counts.objected) == (305, 270, 29)  # one objector conflicts
    assert (counts.quarantined, counts.exact_duplicates) == (3, 3)
    assert counts.reconciles


def test_a_program_that_scores_a_frame_leaves_objectors_out(
    trained_home: Home, encoded: Counter[str]
) -> None:
    """By `contacts`; the index says which rows are left."""
    assert trained_home.champion is not None
    scorer = trained_home.champion.scorer()
    encoded.clear()
    scores = scorer.score(CUSTOMERS, contacts=ListedObjections([*map(fold, OBJECTORS)]))

    assert sorted(scores["customerID"]) == OTHERS
    assert {*encoded} == {*OTHERS}
    assert scores.index.tolist() == [row for row in range(300) if row % 10]
    everybody = ListedObjections([*map(fold, CUSTOMERS["customerID"])])
    assert scorer.score(CUSTOMERS, contacts=everybody).empty


def test_runs_without_a_list_leave_out_whoever_objected_before(
    house: Locations, tmp_path: Path, encoded: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A redelivered extract finds its scores, a new one is scored without them, and so is a roll-back."""
    (first,) = night(house, objections(tmp_path)).scored
    deliver(house, CUSTOMERS)
    assert night(house, None).repeated == [first]
    assert "contacts.objections is not set: the 30 customers who objected" in caplog.text

    deliver(house, CUSTOMERS.iloc[5:], day="2026-03-02")
    (second,) = night(house, None).scored
    assert not {*scored_in(second)} & {*OBJECTORS}
    used = manifest_of(second).contacts
    assert used is not None
    assert (used.kept, used.objections) == (True, 30)
    assert not {*encoded} & {*OBJECTORS}


def test_a_rescore_leaves_out_whoever_objected_since(
    house: Locations, tmp_path: Path, encoded: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    """With the list of now; what is compared are the customers in both."""
    caplog.set_level(logging.INFO)
    (first,) = night(house, None).scored
    assert len(scored_in(first)) == 300
    encoded.clear()
    champion = manifest_of(first).bundle_id
    config = ScoreConfig(contacts=ContactsConfig(objections=objections(tmp_path)))

    said = move_champion(
        home=house, secret=SECRET, now=lambda: NOW, bundle=champion, force=True, rescore=config
    )

    assert "Flags changed: 0 of 270" in said
    assert not {*encoded} & {*OBJECTORS}
    (second,) = {*house.scores.glob("2*")} - {first}
    assert scored_in(second) == OTHERS

    encoded.clear()
    move_champion(
        home=house, secret=SECRET, now=lambda: NOW, bundle=champion, force=True, rescore=ScoreConfig()
    )
    assert not {*encoded} & {*OBJECTORS}


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        (None, ConfigError, "cannot be read: No such file"),
        ("customerID,since\n", ContactsError, "first line is not a header"),
        ("customerID,objected_on,scope\n" + ",2026-01-01,all\n" * 3, ContactsError, "3 of 3 rows break"),
    ],
)
def test_without_a_usable_list_nobody_is_scored(
    house: Locations, tmp_path: Path, text: str | None, kind: type[ChurnError], said: str
) -> None:
    """The extract stays in the inbox, nothing is published, and the exit code names who must act."""
    path = tmp_path / "objections_2026-03-01.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(kind, match=said) as raised:
        night(house, path)

    assert raised.value.exit_code == (10 if kind is ConfigError else 20)
    assert [each.name for each in house.inbox.iterdir()] == ["crm_2026-03-01.csv"]
    assert not house.scores.exists()
    assert not house.contacts.exists()


def test_nothing_that_a_night_writes_names_an_objector(
    house: Locations, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Plain, UTF-16 or base64, in files or logs; the archived extract and the list itself aside."""
    caplog.set_level(logging.DEBUG)
    night(house, objections(tmp_path))

    written = [path for path in house.home.rglob("*") if path.is_file() and house.archive not in path.parents]
    data = b"\n".join(path.read_bytes() for path in written) + caplog.text.encode()
    for customer in OBJECTORS:
        for text in (customer, customer.lower()):
            whole = base64.b64encode(text.encode()).rstrip(b"=")[:-1]
            for form in (text.encode(), text.encode("utf-16-le"), whole):
                assert form not in data
    assert OTHERS[0].encode() in data


def test_scores_are_identified_by_who_objected(house: Locations, tmp_path: Path) -> None:
    """Another list is scored again and is the latest; without one, ids are what they were."""
    (first,) = night(house, None).scored
    deliver(house, CUSTOMERS)
    (second,) = night(house, objections(tmp_path)).scored
    assert first.name.rpartition("-")[0] == second.name.rpartition("-")[0]
    assert first.name != second.name

    inputs = manifest_of(first).inputs
    assert inputs is not None
    assert inputs.objections_id is None
    assert "objections_id" not in inputs.model_dump_json(exclude_none=True)


def test_bad_rows_of_a_list_are_listed_beside_the_scores(house: Locations, tmp_path: Path) -> None:
    """With the list's name, the line and a hint."""
    path = objections(tmp_path)
    path.write_text(path.read_text() + "A,2026-01-01,perhaps\n")
    (folder,) = night(house, path).scored

    faults = pd.read_csv(folder / "contacts_quarantine.csv")
    assert faults[["contact_list", "line", "column", "reason"]].to_numpy().tolist() == [
        ["objections", 32, "scope", "unknown_value"]
    ]
    assert "contacts_quarantine.csv" in manifest_of(folder).files
