import stat
from pathlib import Path

import pandas as pd
import pytest

from schemas.columns import EXTRACT_ORDER, ID
from tasks.core.errors import ConfigError
from tasks.core.simulator import extract_writer
from tasks.core.simulator.bad_rows import Fault
from tasks.core.simulator.customer_frame import simulate
from tasks.core.simulator.extract_writer import truth_path, write_extract
from tests.oracles.true_probability import true_probability


def read(path: Path) -> pd.DataFrame:
    """Return the file's cells as texts."""
    return pd.read_csv(path, dtype="str", keep_default_na=False)


def test_the_file_holds_the_simulated_customers(tmp_path: Path) -> None:
    """The extract read back is the frame that training is given, cell by cell."""
    path = tmp_path / "extract.csv"
    written = write_extract(path, rows=2_000, seed=6)
    frame = simulate(2_000, 6)

    assert read(path).equals(frame)
    assert written.rows == 2_000
    assert written.churners == (frame["Churn"] == "Yes").sum()


def test_the_truth_stands_beside(tmp_path: Path) -> None:
    """The side file names every customer in order with its true probability."""
    path = tmp_path / "extract.csv"
    write_extract(path, rows=500, seed=6)
    truth, frame = read(tmp_path / ".extract.truth.csv"), simulate(500, 6)

    assert truth_path(path) == tmp_path / ".extract.truth.csv"
    assert list(truth.columns) == [ID, "churn_probability"]
    assert truth[ID].equals(frame[ID])
    assert truth["churn_probability"].astype(float).to_numpy() == pytest.approx(
        true_probability(frame), abs=5.1e-7
    )


def test_content_does_not_depend_on_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Extract, truth, planted lines and counts are the same however many customers are in memory."""
    settings = {
        "rows": 1_000,
        "seed": 1,
        "faults": list(Fault) * 20,
        "drift": {"Contract": 0.1, "tenure": 0.1},
    }
    seen = []
    for chunk in (1_000_000, 300, 7, 1):
        monkeypatch.setattr(extract_writer, "CHUNK_ROWS", chunk)
        path = tmp_path / f"{chunk}.csv"
        written = write_extract(path, **settings)
        seen.append((path.read_bytes(), truth_path(path).read_bytes(), written))

    assert all(one == seen[0] for one in seen)


def test_customers_in_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a chunk's customers are ever drawn at a time, and progress is reported after each."""
    monkeypatch.setattr(extract_writer, "CHUNK_ROWS", 40)
    drawn, told = [], []
    populate = extract_writer.populate

    def watched(start: int, rows: int, *rest: object) -> object:
        drawn.append(rows)
        return populate(start, rows, *rest)

    monkeypatch.setattr(extract_writer, "populate", watched)
    write_extract(tmp_path / "extract.csv", rows=100, seed=0, progress=told.append)

    assert drawn == [40, 40, 20]
    assert told == [40, 80, 100]


def test_the_label_can_be_left_out(tmp_path: Path) -> None:
    """Without the label the other twenty columns are the same."""
    path = tmp_path / "extract.csv"
    write_extract(path, rows=300, seed=0, labelled=False)

    assert read(path).equals(simulate(300, 0)[list(EXTRACT_ORDER[:-1])])


def test_files_are_the_owners_alone_and_replace_older_ones(tmp_path: Path) -> None:
    """Both files have mode 0600, take the place of what was there, and nothing else is left."""
    path = tmp_path / "extract.csv"
    path.write_text("old")
    write_extract(path, rows=10, seed=0)

    assert set(tmp_path.iterdir()) == {path, truth_path(path)}
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    assert b"old" not in path.read_bytes()


def test_no_half_file_is_visible(tmp_path: Path) -> None:
    """Files grow beside the extract; when writing breaks off, only what was there before is left."""
    path = tmp_path / "extract.csv"
    path.write_text("old")

    def break_off(_: int) -> None:
        assert path.read_text() == "old"
        assert len(list(tmp_path.iterdir())) == 3
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_extract(path, rows=10, seed=0, progress=break_off)

    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


def test_unusable_paths_are_named(tmp_path: Path) -> None:
    """A missing folder and a path that is not a file give one line each."""
    with pytest.raises(
        ConfigError, match=r"could not write extract 'extract\.csv': No such file or directory"
    ):
        write_extract(tmp_path / "nowhere" / "extract.csv", rows=10, seed=0)
    with pytest.raises(ConfigError, match="exists and is not a file"):
        write_extract(tmp_path, rows=10, seed=0)


@pytest.mark.parametrize(("rows", "seed"), [(0, 0), (10, -1)])
def test_impossible_sizes_are_refused(tmp_path: Path, rows: int, seed: int) -> None:
    """There is at least one customer, and seeds are not negative."""
    with pytest.raises(ConfigError, match="rows must be at least 1"):
        write_extract(tmp_path / "extract.csv", rows=rows, seed=seed)

    assert not list(tmp_path.iterdir())


def test_an_impossible_drift_is_refused(tmp_path: Path) -> None:
    """A drift given in code is checked like one from the command line."""
    with pytest.raises(ConfigError, match="cannot drift"):
        write_extract(tmp_path / "extract.csv", rows=10, seed=0, drift={"shoe": 0.1})
