from contextlib import closing
from pathlib import Path

import pytest

from schemas.config import IngestConfig
from tasks.core.engine.stream import Progress, Totals, score_stream
from tasks.core.errors import ExtractError, UnnamedError
from tasks.core.extract.fast.accept import Acceptor
from tasks.core.extract.reader.block_reader import BlockReader
from tasks.core.extract.whole.whole_extract import Findings, Reading
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Texts, identify
from tasks.core.simulator.bad_rows import Fault
from tasks.core.simulator.extract_writer import write_extract
from tests.harness.home import Home

CONFIG = IngestConfig(max_quarantined_share=0.9)
LINE_BY_LINE = CONFIG.model_copy(update={"reader": "lines"})


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """Write an extract with every kind of fault, repeated customers among them."""
    path = tmp_path / "planted.csv"
    write_extract(
        path, rows=6_000, seed=2, faults=[fault for fault in Fault for _ in range(8)], labelled=False
    )
    return path


def stream(
    home: Home,
    extract: Path,
    out: Path,
    *,
    threads: int = 2,
    block_bytes: int = 2**25,
    config: IngestConfig = CONFIG,
) -> tuple[Findings, Totals, list[Progress]]:
    """Score an extract into a file."""
    champion = home.champion
    assert champion is not None
    seen: list[Progress] = []
    texts = Texts(identify(ExtractPath(extract, delivered=False)), config)
    with closing(Reading(extract.name, "scoring", config, out.parent)) as reading:
        findings, totals = score_stream(
            texts,
            reading,
            champion.scorer(),
            out,
            threads=threads,
            on_block=seen.append,
            block_bytes=block_bytes,
        )
    return findings, totals, seen


@pytest.mark.parametrize(("threads", "block_bytes"), [(1, 2**25), (2, 100_000), (3, 7_777), (4, 50_000)])
def test_neither_threads_nor_blocks_show_in_the_bytes(
    trained_home: Home, planted: Path, tmp_path: Path, threads: int, block_bytes: int
) -> None:
    """Scores, counts and totals are the same however the extract is cut and by how many it is scored."""
    findings, totals, _ = stream(trained_home, planted, tmp_path / "expected.csv")

    again, same_totals, seen = stream(
        trained_home, planted, tmp_path / "cut.csv", threads=threads, block_bytes=block_bytes
    )

    assert (tmp_path / "cut.csv").read_bytes() == (tmp_path / "expected.csv").read_bytes()
    assert (again.counts, same_totals) == (findings.counts, totals)
    assert [each.rows for each in seen] == sorted(each.rows for each in seen)
    assert seen[-1].share == pytest.approx(1.0)


def test_lines_alone_give_the_same_bytes(
    trained_home: Home, planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow reader accepts, refuses and counts as the fast one does, without its help."""
    expected, totals, _ = stream(trained_home, planted, tmp_path / "expected.csv", block_bytes=200_000)
    monkeypatch.setattr(Acceptor, "accept", lambda *_: pytest.fail("accepted in bulk"))

    found, same, _ = stream(
        trained_home, planted, tmp_path / "lines.csv", block_bytes=200_000, config=LINE_BY_LINE
    )

    assert (tmp_path / "lines.csv").read_bytes() == (tmp_path / "expected.csv").read_bytes()
    assert (found.counts, found.faults_by_place, same) == (expected.counts, expected.faults_by_place, totals)


def test_repeats_are_taken_out_again(trained_home: Home, planted: Path, tmp_path: Path) -> None:
    """Rows that turn out to repeat an earlier one, or to contradict it, are not in the scores."""
    findings, totals, _ = stream(trained_home, planted, tmp_path / "scores.csv", block_bytes=50_000)

    lines = (tmp_path / "scores.csv").read_text().splitlines()[1:]
    ids = [line.split(",")[0] for line in lines]
    assert findings.counts.exact_duplicates == 8
    assert totals.scored == len(ids) == len(set(ids)) == findings.counts.accepted
    assert totals.flagged == sum(line.split(",")[2] == "1" for line in lines)


def test_an_extract_that_changes_meanwhile_is_refused(
    trained_home: Home, planted: Path, tmp_path: Path
) -> None:
    """Bytes other than those that were identified are not scored for them."""
    champion = trained_home.champion
    assert champion is not None
    texts = Texts(identify(ExtractPath(planted, delivered=False)), CONFIG)
    data = planted.read_bytes()
    planted.write_bytes(data.replace(b"Yes", b"No ", 1))

    with (
        closing(Reading(planted.name, "scoring", CONFIG, tmp_path)) as reading,
        pytest.raises(ExtractError, match="changed"),
    ):
        score_stream(
            texts, reading, champion.scorer(), tmp_path / "s.csv", threads=2, on_block=lambda _: None
        )


def test_what_a_thread_finds_wrong_is_said_by_name(
    trained_home: Home, planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block that is refused by one of several threads is refused as a part of its file."""

    def refuse(*_: object) -> None:
        raise UnnamedError("is beyond us.")

    monkeypatch.setattr(BlockReader, "read", refuse)

    with pytest.raises(ExtractError, match=r"^extract 'planted\.csv' is beyond us\.$"):
        stream(trained_home, planted, tmp_path / "s.csv")
