import gzip
from pathlib import Path

import pandas as pd
import pytest

from tasks.core.errors import ExtractError
from tests.harness.customers import make_customers
from tests.harness.flow_home import FlowHome


def write_as(kind: str, table: pd.DataFrame, path: Path) -> Path:
    """Write a table as a CSV, gzip or Parquet file, or as a folder of all three."""
    if kind == "csv":
        table.to_csv(path, index=False)
    elif kind == "csv.gz":
        path.write_bytes(gzip.compress(table.to_csv(index=False).encode()))
    elif kind == "parquet":
        table.to_parquet(path)
    else:
        path.mkdir()
        for number, part in enumerate(("csv", "csv.gz", "parquet")):
            write_as(part, table[200 * number : 200 * (number + 1)], path / f"part-{number}")
        (path / "_SUCCESS").touch()
    return path


@pytest.fixture
def table() -> pd.DataFrame:
    """Six hundred customers, one bad, one twice."""
    table = make_customers(600)
    table.loc[4, "Contract"] = "Weekly"
    table.loc[500] = table.loc[20]
    return table


@pytest.mark.parametrize("kind", ["csv.gz", "parquet", "folder"])
def test_the_container_does_not_show_in_the_scores(
    kind: str, trained_home: FlowHome, table: pd.DataFrame, tmp_path: Path
) -> None:
    """The same customers give the same scores.csv, byte for byte, however they are sent."""
    trained_home.score(write_as("csv", table, tmp_path / "crm.csv"))
    (plain,) = trained_home.published()
    plain.rename(tmp_path / "plain")

    trained_home.score(write_as(kind, table, tmp_path / f"crm.{kind}"))

    (folder,) = trained_home.published()
    assert (folder / "scores.csv").read_bytes() == (tmp_path / "plain" / "scores.csv").read_bytes()
    assert (folder / "quarantine.csv").read_bytes() == (tmp_path / "plain" / "quarantine.csv").read_bytes()


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_a_scored_file_is_archived_as_what_it_is(
    kind: str, trained_home: FlowHome, table: pd.DataFrame, tmp_path: Path
) -> None:
    """The archive keeps the delivered bytes under a name that ends as such files do."""
    (trained_home.path / "inbox").mkdir()
    sent = write_as(kind, table, tmp_path / "sent").read_bytes()
    (trained_home.path / "inbox" / "crm_2026-03-01.dat").write_bytes(sent)

    trained_home.score()

    (archived,) = (trained_home.path / "archive").iterdir()
    assert archived.name.startswith("2026-03-01-")
    assert archived.name.partition(".")[2] == kind
    assert archived.read_bytes() == sent


def test_a_folder_can_be_learnt_from(home: FlowHome, tmp_path: Path) -> None:
    """The training takes what the night takes."""
    state = home.train(write_as("folder", make_customers(600), tmp_path / "crm"))

    assert state.is_completed()
    assert home.champion is not None


def test_a_bad_part_publishes_nothing(trained_home: FlowHome, table: pd.DataFrame, tmp_path: Path) -> None:
    """A part that is refused refuses the extract, which stays where it is with its reason."""
    folder = write_as("folder", table, tmp_path / "crm")
    (folder / "part-9").write_bytes(gzip.compress(b"customerID,gender\n" * 9)[:-9])

    with pytest.raises(ExtractError, match=r"'crm/part-9' is a truncated gzip file"):
        trained_home.score(folder)

    assert folder.is_dir()
    assert trained_home.published() == []
    assert not list((trained_home.path / "scores").glob(".stage-*"))
