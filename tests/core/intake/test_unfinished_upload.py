"""Names that programs use before a file is complete."""

import pytest

from tasks.core.errors import ConfigError, UnnamedError
from tasks.core.intake.unfinished_upload import SHOWN, is_unfinished, refuse_unfinished


@pytest.mark.parametrize(
    "name",
    [
        "crm_2026-03-01.csv.filepart", "crm.csv.part", "crm.csv.PART", "crm.csv.part1", "crm.csv.partial",
        "crm.tmp", "crm.csv.tmp-123", "crm.temp", "crm.csv.crdownload", "crm.opdownload", "crm.csv.download",
        "crm.csv.swp", "~$crm.xlsx", "~crm.tmp", "crm.csv~", "#crm.csv#", "crm.csv.!qB", "crm.csv.!ut",
        "crm.csv.bc!", "crm.csv.aria2", "crm.csv._COPYING_", "crm.csv.incomplete", "crm.csv.uploading",
        "crm.csv.writing", "crm.csv.7F3A9C", "crm.csv.lock", "crm.csv.wip", "crm.csv.lftp-pget-status",
        "crm.csv.sb-1234-abc", "crm.parquet.new", "crm.csv.gz.xfer", "crm.csv.bak", "crm.csv.done",
        "tmp_crm.csv", "crm.tmp.csv", "crm.partial.csv",
        "crm\n.part",
    ],
)  # fmt: skip
def test_an_unfinished_upload(name: str) -> None:
    """Upload tools, browsers, editors, office programs and Hadoop, in any case."""
    assert is_unfinished(name)


@pytest.mark.parametrize(
    "name",
    [
        "crm_2026-03-01.csv", "crm.csv.gz", "crm.parquet", "part-00000.csv", "crm.part.csv", "tmp.csv", "tmp",
        "partial", "download.csv", "crm", "crm~1.csv", "crm#2.csv", "crm.partner", "crm.template",
        "crm.csv.sha256", "crm.csv.2026-03-01", "crm.csv.20260301", "crm.txt.csv", "crm.csv.zip",
        "crm.csv.gz.sha256",
        "crm.v2.csv", "", "~", "##",
    ],
)  # fmt: skip
def test_a_finished_file(name: str) -> None:
    """The words themselves may stand anywhere else in a name."""
    assert not is_unfinished(name)


def test_a_refusal_says_what_to_do() -> None:
    """It is raised as the kind of whoever has to act."""
    refuse_unfinished("crm.csv", ConfigError)
    with pytest.raises(UnnamedError, match="Wait until it is complete, or rename it") as error:
        refuse_unfinished("crm.csv.part", ConfigError)
    assert error.value.kind is ConfigError


def test_the_names_that_messages_show_are_recognised() -> None:
    """No message names an example that would be taken."""
    shown = SHOWN.removesuffix("...").split(", ")
    assert [each for each in shown if not (is_unfinished(f"a{each}") or is_unfinished(f"{each}a"))] == []
