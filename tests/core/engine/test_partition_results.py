import gzip
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from schemas.columns import EXTRACT_ORDER
from schemas.config import IngestConfig
from tasks.core.bundle.scorer import Rows
from tasks.core.contract.accepted import Accepted
from tasks.core.contract.customer_ids import fold
from tasks.core.contract.objections import ListedObjections
from tasks.core.contract.quirks import CARRIAGE_RETURNS, EMPTY_PART, PADDED_NUMBER, REMARK, SEPARATOR_LINE
from tasks.core.engine.partition_results import gather, score_partition
from tasks.core.engine.partitions import cut_partitions
from tasks.core.engine.stream import Totals, score_stream
from tasks.core.errors import ExtractError, PublishError
from tasks.core.extract.whole.whole_extract import Findings, Reading
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Delivery, Texts, identify

FOREIGN = {column: f"Colonne {chr(97 + place)}" for place, column in enumerate(EXTRACT_ORDER)}
CONFIG = IngestConfig(
    max_quarantined_share=0.5, aliases={theirs: column for column, theirs in FOREIGN.items()}
)


class FakeScorer:
    """Writes each customer's id and charges as a line."""

    def rows(self, customers: Accepted) -> Rows:
        """Score nothing."""
        frame = customers.frame()
        pairs = zip(frame["customerID"], frame["MonthlyCharges"], strict=True)
        flagged = int((frame["MonthlyCharges"] > 50).sum())
        text = "".join(f"{name},{charge},{int(charge > 50)},1,low,,,,1,v\n" for name, charge in pairs)
        return Rows(text.encode(), flagged, 0)


SCORER: Any = FakeScorer()


@dataclass(frozen=True)
class Outcome:
    """The outcome of an extract."""

    scores: bytes
    quarantine: bytes
    findings: Findings
    totals: Totals
    ignored: tuple[str, ...]


def outcome(reading: Reading, scores: Path, found: tuple[Findings, Totals]) -> Outcome:
    """Collect everything from a finished reading."""
    quarantine = pd.concat(reading.quarantine(found[0].repeats)).to_csv(index=False).encode()
    text = scores.read_bytes()
    scores.unlink()
    counts = replace(found[0], repeats=None)  # type: ignore[arg-type]
    return Outcome(text, quarantine, counts, found[1], reading.ignored_columns)


def locally(delivery: Delivery, folder: Path, **options: Any) -> Outcome:
    """Score on one machine."""
    texts = Texts(delivery, CONFIG)
    options = {"threads": 2, **options}
    with closing(Reading("x", "scoring", CONFIG, folder)) as reading:
        found = score_stream(texts, reading, SCORER, folder / "scores", on_block=lambda _: None, **options)
        return outcome(reading, folder / "scores", found)


def spread(delivery: Delivery, folder: Path, partition_bytes: int, **options: Any) -> Outcome:
    """Score each partition twice, the last one first."""
    partitions = cut_partitions(delivery, partition_bytes)
    for each in partitions:
        score_partition(each, SCORER, CONFIG, folder, block_bytes=7_000, **options)
    partitions.reverse()
    scored = [
        score_partition(each, SCORER, CONFIG, folder, block_bytes=10_000, **options) for each in partitions
    ]
    scored.reverse()
    with closing(Reading("x", "scoring", CONFIG, folder)) as reading:
        found = gather(scored, folder, reading, folder / "scores", on_partition=lambda _: None)
        return outcome(reading, folder / "scores", found)


@pytest.fixture
def table(customers: pd.DataFrame) -> pd.DataFrame:
    """Six hundred customers: three bad, two with damaged ids, one twice, two in conflict, one more column."""
    table = customers.assign(Zone="north")
    table.loc[[7, 300, 599], "Contract"] = "Weekly"
    table.loc[500] = table.loc[20]
    table.loc[[40, 410], "customerID"] = "4.55E+11"
    table.loc[[41, 411], "customerID"] = ["+33612345678", " -5"]
    table["tenure"] = table["tenure"].astype(str)
    table.loc[3, "tenure"] += " "
    table.loc[590, "customerID"] = table.loc[30, "customerID"]
    return table


def blanks(lines: list[bytes]) -> Iterator[bytes]:
    """Insert blank and broken lines."""
    for number, line in enumerate(lines):
        yield line
        if number % 97 == 5:
            yield b""
            yield b'"unpaired'
            yield b"," * 21
            yield b'"", ,'
            yield b"(97 rows affected)"
    yield from [b"," * 21] * 300


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r", b"\r\r\n"])
@pytest.mark.parametrize("partition_bytes", [2_000, 33_333, 10**6])
def test_a_file_is_the_same_however_it_is_cut(
    newline: bytes, partition_bytes: int, table: pd.DataFrame, tmp_path: Path
) -> None:
    """Scores, quarantine, counts and ignored columns do not depend on partitions, blocks or tries."""
    lines = table.to_csv(index=False).encode().splitlines()
    path = tmp_path / "crm.csv"
    path.write_bytes(b"\xef\xbb\xbf\n \n,,\nsep=;\n".replace(b"\n", newline) + newline.join(blanks(lines)))
    delivery = identify(ExtractPath(path, delivered=False))

    one = locally(delivery, tmp_path)

    assert one.findings.counts.exact_duplicates == 1
    assert one.findings.counts.quarantined == 14
    assert one.findings.counts.blank_lines == 4 * 7 + 300
    assert one.findings.signed_ids == 2
    assert one.findings.quirks[REMARK] == 7
    assert one.findings.quirks[PADDED_NUMBER] == 1
    assert one.findings.quirks[SEPARATOR_LINE] == 1
    assert one.findings.quirks[CARRIAGE_RETURNS] == (934 if newline == b"\r\r\n" else 0)
    assert spread(delivery, tmp_path, partition_bytes) == one
    assert locally(delivery, tmp_path, threads=1, block_bytes=3_000) == one


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_foreign_names_tell_every_partition_the_separator(
    separator: str, table: pd.DataFrame, tmp_path: Path
) -> None:
    """With all names declared in the settings, each partition is read as the whole file is."""
    plain, path = tmp_path / "plain.csv", tmp_path / "crm.csv"
    table.to_csv(plain, index=False)
    table.rename(columns=FOREIGN).to_csv(path, index=False, sep=separator)
    delivery = identify(ExtractPath(path, delivered=False))

    one = locally(delivery, tmp_path)

    assert spread(delivery, tmp_path, 20_000) == one
    expected = locally(identify(ExtractPath(plain, delivered=False)), tmp_path)
    assert replace(one, ignored=()) == replace(expected, ignored=())


def test_partitions_hold_every_byte_once_and_end_with_lines(table: pd.DataFrame, tmp_path: Path) -> None:
    """Ranges follow each other from the first byte to the last, each cut after a line end."""
    path = tmp_path / "crm.csv"
    table.to_csv(path, index=False)
    data = path.read_bytes()

    partitions = cut_partitions(identify(ExtractPath(path, delivered=False)), 10_000)

    assert [each.start for each in partitions] == [0, *(each.end for each in partitions[:-1])]
    assert partitions[-1].end == len(data)
    assert all(data[each.end - 1 : each.end] == b"\n" for each in partitions)
    assert all(10_000 <= each.end - each.start < 10_300 for each in partitions[:-1])


def test_a_folder_of_voids_is_empty_on_a_cluster_too(tmp_path: Path) -> None:
    """Without a header in any part the extract is refused, as on one machine."""
    folder = tmp_path / "crm"
    folder.mkdir()
    for name in ("0", "1"):
        (folder / name).touch()
    delivery = identify(ExtractPath(folder, delivered=False))

    for run in (lambda: locally(delivery, tmp_path), lambda: spread(delivery, tmp_path, 15_000)):
        with pytest.raises(ExtractError, match="'x' is empty"):
            run()
        (tmp_path / "scores").unlink()


def test_a_folder_is_the_same_however_it_is_cut(table: pd.DataFrame, tmp_path: Path) -> None:
    """Mixed parts of a folder, one of them without rows, one cut into ranges."""
    folder = tmp_path / "crm"
    folder.mkdir()
    table[:0].to_csv(folder / "part-0", index=False)
    table[:300].to_csv(folder / "part-1", index=False)
    table[300:300].to_csv(folder / "part-2", index=False)
    (folder / "part-2-void").touch()
    (folder / "part-2-void.gz").write_bytes(gzip.compress(b""))
    table[300:500][table.columns[::-1]].to_parquet(folder / "part-3")
    table[500:].to_csv(folder / "part-4", index=False, sep=";", compression="gzip")
    delivery = identify(ExtractPath(folder, delivered=False))

    one = locally(delivery, tmp_path)

    assert len(cut_partitions(delivery, 15_000)) == 10
    assert one.findings.quirks[EMPTY_PART] == 2
    assert spread(delivery, tmp_path, 15_000) == one


@pytest.mark.parametrize("change", ["in it", "at its end", "cut"])
def test_a_change_after_the_cut_is_noticed(change: str, table: pd.DataFrame, tmp_path: Path) -> None:
    """A worker that reads other bytes than those cut raises an error."""
    path = tmp_path / "crm.csv"
    table.to_csv(path, index=False)
    partitions = cut_partitions(identify(ExtractPath(path, delivered=False)), 30_000)
    data = path.read_bytes()
    changes = {"in it": data.replace(b"Female", b"Male  "), "at its end": data + b"\n", "cut": data[:-9]}
    path.write_bytes(changes[change])

    with pytest.raises(ExtractError, match="changed while it was read"):
        score_partition(partitions[-1], SCORER, CONFIG, tmp_path)


def test_a_change_before_the_cut_is_noticed(table: pd.DataFrame, tmp_path: Path) -> None:
    """Only the bytes that were identified are cut."""
    path = tmp_path / "crm.csv"
    table.to_csv(path, index=False)
    delivery = identify(ExtractPath(path, delivered=False))
    table[:-1].to_csv(path, index=False)

    with pytest.raises(ExtractError, match="changed while it was read"):
        cut_partitions(delivery, 30_000)


def test_lost_records_publish_nothing(table: pd.DataFrame, tmp_path: Path) -> None:
    """A truncated record is an error, not a loss of customers."""
    path = tmp_path / "crm.csv"
    table.to_csv(path, index=False)
    (partition,) = cut_partitions(identify(ExtractPath(path, delivered=False)), 10**6)
    scored = score_partition(partition, SCORER, CONFIG, tmp_path)
    record = tmp_path / scored.name
    record.write_bytes(record.read_bytes()[:-1])

    with (
        closing(Reading("x", "scoring", CONFIG)) as reading,
        pytest.raises(PublishError, match="is incomplete on this machine"),
    ):
        gather([scored], tmp_path, reading, tmp_path / "scores", on_partition=lambda _: None)


def test_counts_alone_are_handed_back(table: pd.DataFrame, tmp_path: Path) -> None:
    """What a worker sends to the driver grows with blocks and columns, not with customers."""
    path = tmp_path / "crm.csv"
    table.to_csv(path, index=False)
    (partition,) = cut_partitions(identify(ExtractPath(path, delivered=False)), 10**6)
    scored = score_partition(partition, SCORER, CONFIG, tmp_path)

    assert len(repr(scored)) < 4_000
    assert "TEST-" not in repr(scored)


@pytest.mark.parametrize("partition_bytes", [20_000, 50_000, 2**30])
def test_workers_leave_out_whoever_objected(
    table: pd.DataFrame, tmp_path: Path, partition_bytes: int
) -> None:
    """Repeated and conflicting ones as well, wherever the partitions end: the bytes of one machine."""
    path = tmp_path / "crm.csv"
    table.to_csv(path, index=False)
    delivery = identify(ExtractPath(path, delivered=False))
    ids = table["customerID"].iloc[[0, 20, 30, 100, 598]].tolist()
    objections = ListedObjections([*map(fold, ids)])

    here = locally(delivery, tmp_path, objections=objections)

    assert spread(delivery, tmp_path, partition_bytes, objections=objections) == here
    assert here.findings.counts.objected == 4  # one of them conflicts
    assert not any(f"{customer},".encode() in here.scores for customer in ids)
    everybody = ListedObjections([*map(fold, table["customerID"])])
    assert locally(delivery, tmp_path, objections=everybody).totals == Totals(0, 0, 0)
