import gzip
import itertools
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest

from schemas.config import IngestConfig
from tasks.core.errors import ConfigError, ExtractError
from tasks.core.extract.whole.in_memory import Extract, read_extract, read_texts
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Texts, identify
from tests.harness.rights import bound_by_rights

CONFIG = IngestConfig(min_training_rows=50, max_quarantined_share=0.5)

Pack = Callable[[pd.DataFrame, Path], object]

PACKS: dict[str, Pack] = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "windows.csv": lambda table, path: table.to_csv(
        path, index=False, sep=";", lineterminator="\r\n", encoding="utf-8-sig"
    ),
    "mac.csv": lambda table, path: table.to_csv(path, index=False, lineterminator="\r"),
    "csv.gz": lambda table, path: path.write_bytes(gzip.compress(table.to_csv(index=False).encode())),
    "parquet": lambda table, path: table.to_parquet(path),
}


def read(path: Path) -> Extract:
    """Read what is at a path, as the training does."""
    delivery = identify(ExtractPath(path, delivered=False))
    return read_texts(Texts(delivery, CONFIG), path.name, delivery.sha256, "training", CONFIG)


def same(one: Extract, other: Extract) -> bool:
    """Tell whether two extracts have the same customers and faults on the same lines."""
    return (
        one.customers.equals(other.customers)
        and one.quarantine.equals(other.quarantine)
        and one.counts == other.counts
    )


@pytest.fixture
def table(customers: pd.DataFrame) -> pd.DataFrame:
    """Six hundred customers, two of them bad, one twice and one in conflict."""
    table = customers.astype({"MonthlyCharges": "object"})
    table.loc[[7, 300], "Contract"] = "Weekly"
    table.loc[500] = table.loc[20]
    table.loc[510, "customerID"] = table.loc[30, "customerID"]
    return table.astype({"MonthlyCharges": "float64"})


@pytest.mark.parametrize("kind", PACKS)
def test_a_file_of_any_kind_is_the_same_extract(kind: str, table: pd.DataFrame, tmp_path: Path) -> None:
    """Customers, faults, lines and counts do not depend on the container."""
    PACKS[kind](table, tmp_path / "sent")

    extract = read(tmp_path / "sent")

    assert same(extract, read_extract(table.to_csv(index=False).encode(), "x.csv", "training", CONFIG))
    assert extract.counts.exact_duplicates == 1
    assert extract.counts.quarantined == 4
    assert extract.sha256 == identify(ExtractPath(tmp_path / "sent", delivered=True)).sha256


def test_a_folder_of_mixed_parts_is_one_extract(table: pd.DataFrame, tmp_path: Path) -> None:
    """Parts of all kinds, columns in any order, one without rows, markers: repeats are found across them."""
    folder = tmp_path / "crm_2026-03-01"
    folder.mkdir()
    cuts = [0, 100, 100, 250, 400, 600]
    for number, (start, end) in enumerate(itertools.pairwise(cuts)):
        part = table.iloc[start:end]
        part = part[part.columns[::-1]] if number % 2 else part
        list(PACKS.values())[number](part, folder / f"part-{number}")
    for marker in ("_SUCCESS", ".part-0.crc"):
        (folder / marker).touch()

    extract = read(folder)

    whole = read_extract(table.to_csv(index=False).encode(), "x.csv", "training", CONFIG)
    headers = sum(whole.customers.index > cut + 1 for cut in cuts[1:-1])
    assert list(extract.customers.index) == list(whole.customers.index + headers)
    assert extract.customers.reset_index(drop=True).equals(whole.customers.reset_index(drop=True))
    assert list(extract.quarantine["reason"]) == list(whole.quarantine["reason"])
    assert extract.counts == whole.counts
    assert extract.quarantine["line"][0] == 9


def test_the_identity_of_a_folder_is_of_its_parts_in_order(customers: pd.DataFrame, tmp_path: Path) -> None:
    """Other names in the same order change nothing; another order, content or number of parts does."""

    def identity(name: str, *parts: pd.DataFrame) -> str:
        (tmp_path / name).mkdir()
        for number, part in enumerate(parts):
            part.to_csv(tmp_path / name / f"{name}-{number}.csv", index=False)
        return identify(ExtractPath(tmp_path / name, delivered=False)).sha256

    one, two = customers[:300], customers[300:]
    first = identity("a", one, two)

    assert first == identity("b", one, two)
    assert len({first, identity("c", two, one), identity("d", one), identity("e", customers)}) == 4


def test_an_unfinished_upload_is_refused_by_hand_too(customers: pd.DataFrame, tmp_path: Path) -> None:
    """The operator named it, so it is a setting's error; a complete file of that name is renamed."""
    path = tmp_path / "crm_2026-03-01.csv.filepart"
    customers.to_csv(path, index=False)

    with pytest.raises(
        ConfigError, match=r"^extract 'crm_2026-03-01.csv.filepart' has the name .* or rename it"
    ):
        identify(ExtractPath(path, delivered=False))
    assert identify(ExtractPath(path.rename(path.with_suffix("")), delivered=False)).size


def test_what_was_delivered_is_never_followed(tmp_path: Path) -> None:
    """A link is refused without following it, and identified by a hash of its name."""
    for number, target in enumerate(("x" * 300, "/proc/1/cwd/x", ".", "nowhere")):
        link = tmp_path / f"Mary Smith {number}.csv"
        link.symlink_to(target)
        with pytest.raises(ExtractError, match=r"^extract '[0-9a-f]{16}' is not a plain file"):
            identify(ExtractPath(link, delivered=True))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("part-1", b"\n", "'crm/part-1' is empty"),
        ("part-1", b"customerID,gender\n", "'crm/part-1' is missing 19 of 21 columns"),
        ("part-1", b"PK\x03\x04", "'crm/part-1' is an Excel workbook"),
        (
            "part-1",
            gzip.compress(gzip.compress(b"a")),
            "'crm/part-1' is a gzip file",
        ),
        ("part-1", gzip.compress(b"PAR1abcd"), "'crm/part-1' is a Parquet file"),
        ("part-1", b"PAR1", "'crm/part-1' is a damaged Parquet file"),
        ("part-1", "folder", "'crm/part-1' is not a plain file"),
        ("part-1.csv.tmp", b"a", "'crm/part-1.csv.tmp' has the name of an unfinished upload"),
        ("_delta_log", "folder", "'crm/_delta_log' is not a plain file"),
        ("part-1", "link", "'crm/part-1' is not a plain file"),
        ("part-1", "pipe", "'crm/part-1' is not a plain file"),
    ],
)
def test_a_bad_part_is_refused_by_name(
    name: str, content: bytes | str, expected: str, customers: pd.DataFrame, tmp_path: Path
) -> None:
    """Anything but a part in the folder refuses the extract, and the message names it."""
    folder = tmp_path / "crm"
    folder.mkdir()
    customers.to_csv(folder / "part-0", index=False)
    if isinstance(content, bytes):
        (folder / name).write_bytes(content)
    elif content == "folder":
        (folder / name).mkdir()
    elif content == "link":
        (folder / name).symlink_to(folder / "part-0")
    else:
        os.mkfifo(folder / name)

    with pytest.raises(ExtractError, match=expected):
        read(folder)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (
            lambda part: part.replace(b"\n", b",more\n").replace(b",more", b"", 1),
            "'crm/1': the header has 21",
        ),
        (lambda part: part.replace(b"TEST-", b"T\xe9ST-"), "'crm/1' is not UTF-8: byte 2"),
    ],
)
def test_what_a_file_alone_can_tell_is_judged_by_part(
    spoil: Callable[[bytes], bytes], expected: str, customers: pd.DataFrame, tmp_path: Path
) -> None:
    """A part in which most lines are too long or in another encoding is refused, however good the others."""
    folder = tmp_path / "crm"
    folder.mkdir()
    data = customers[:100].to_csv(index=False).encode()
    (folder / "0").write_bytes(customers[100:].to_csv(index=False).encode())
    (folder / "1").write_bytes(spoil(data))

    with pytest.raises(ExtractError, match=expected):
        read(folder)


def test_a_folder_without_parts_or_rows_is_refused(customers: pd.DataFrame, tmp_path: Path) -> None:
    """Markers alone are not an extract, and headers alone have no customers."""
    (tmp_path / "_SUCCESS").touch()
    with pytest.raises(ExtractError, match="is a folder without parts"):
        read(tmp_path)
    for part in ("a", "b"):
        customers[:0].to_csv(tmp_path / part, index=False)
    with pytest.raises(ExtractError, match="has a header but no customers"):
        read(tmp_path)


def test_a_delivered_folder_is_no_extract(tmp_path: Path) -> None:
    """Only the operator may name a folder: it is unknown whether a delivered one is complete."""
    with pytest.raises(ExtractError, match="not a plain file"):
        identify(ExtractPath(tmp_path, delivered=True))
    with pytest.raises(ConfigError, match="cannot be read"):
        identify(ExtractPath(tmp_path / "nowhere", delivered=False))


def test_personal_columns_are_found_wherever_they_stand(customers: pd.DataFrame, tmp_path: Path) -> None:
    """A column is judged over all parts by its name, not by its place."""
    for number in range(2):
        part = customers[300 * number : 300 * (number + 1)].assign(Zone="north", Contact=f"a{number}@b.fr")
        part = part[part.columns[::-1]] if number else part
        part.to_csv(tmp_path / f"{number}.csv", index=False)

    with pytest.raises(ExtractError, match=r"personal data [^;]*: 'Contact' contains e-mail[^;]*$"):
        read(tmp_path)


@pytest.mark.parametrize("kind", PACKS)
def test_a_change_while_reading_is_noticed(kind: str, customers: pd.DataFrame, tmp_path: Path) -> None:
    """A file that is not what was identified is refused, whatever its kind."""
    path = tmp_path / "sent"
    PACKS[kind](customers, path)
    delivery = identify(ExtractPath(path, delivered=False))
    PACKS[kind](customers.assign(gender="Male"), path)

    with pytest.raises(ExtractError, match="changed while it was read"):
        read_texts(Texts(delivery, CONFIG), "sent", delivery.sha256, "training", CONFIG)


@pytest.mark.timeout(5)
@pytest.mark.parametrize("start", [b"", b"customerID,gender\n" * 5_000])
def test_a_sparse_giant_is_refused_at_once(start: bytes, tmp_path: Path) -> None:
    """Ten gigabytes of which nothing or only the beginning was written are not read."""
    path = tmp_path / "sparse.csv"
    path.write_bytes(start)
    os.truncate(path, 10 * 2**30)

    with pytest.raises(ExtractError, match=r"is incomplete: data is missing from byte \d+ onwards"):
        identify(ExtractPath(path, delivered=True))


def test_what_is_written_whole_has_no_holes(customers: pd.DataFrame, tmp_path: Path) -> None:
    """A text of any size, an empty one included, is hashed as it stands."""
    for name, content in (("empty", b""), ("whole", customers.to_csv().encode() * 9)):
        (tmp_path / name).write_bytes(content)
        assert identify(ExtractPath(tmp_path / name, delivered=True)).sha256 == sha256(content).hexdigest()


def test_a_folder_that_may_not_be_read_is_the_operators(tmp_path: Path) -> None:
    """The operator named it, so the message shows the name and the error is the operator's."""
    folder = tmp_path / "crm"
    folder.mkdir(mode=0o000)

    with bound_by_rights(), pytest.raises(ConfigError, match=r"^extract 'crm' cannot be read: Permission"):
        identify(ExtractPath(folder, delivered=False))
