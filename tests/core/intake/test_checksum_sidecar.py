import hashlib
import os
from pathlib import Path

import pytest

from tasks.core.errors import ExtractError
from tasks.core.intake.checksum_sidecar import is_sidecar, read_sidecar, verify_checksum
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Delivery, identify

CONTENT = b"customerID,tenure\nA,1\n"
HASH = hashlib.sha256(CONTENT).hexdigest()


def deliver(path: Path, content: bytes = CONTENT) -> Delivery:
    """Deliver an extract and identify it."""
    path.write_bytes(content)
    return identify(ExtractPath(path, delivered=True))


@pytest.mark.parametrize(
    "text",
    [
        HASH, f"{HASH}\n", f"{HASH.upper()}\r\n", f"{HASH}  crm.csv\n", f"{HASH} *crm.csv\n",
        f"\\{HASH}  two\\nlines.csv\n", f"\ufeff{HASH}\r\n", f"{HASH}  /their/folder/crm.csv\n\n",
    ],
)  # fmt: skip
def test_a_sidecar_as_programs_write_it(text: str, tmp_path: Path) -> None:
    """What sha256sum, PowerShell and people write is understood."""
    (tmp_path / "crm.csv.sha256").write_text(text, newline="")

    assert read_sidecar(tmp_path / "crm.csv.sha256") == HASH
    verify_checksum(deliver(tmp_path / "crm.csv"))


@pytest.mark.parametrize(
    "text",
    ["", "\n", HASH[:-1], f"{HASH}0", f"{HASH}  a\n{HASH}  b\n", "d" * 40, f"SHA256: {HASH}", "x" * 10**6],
)
def test_what_is_no_sidecar_refuses_its_extract(text: str, tmp_path: Path) -> None:
    """An unreadable sidecar does not count as missing."""
    (tmp_path / "crm.csv.sha256").write_text(text)

    with pytest.raises(ExtractError, match="does not contain a SHA-256; expected one line"):
        verify_checksum(deliver(tmp_path / "crm.csv"))


@pytest.mark.parametrize("cut", range(1, len(CONTENT)))
def test_every_truncated_copy_is_found(cut: int, tmp_path: Path) -> None:
    """A copy truncated at any byte does not match its sidecar."""
    (tmp_path / "crm.csv.sha256").write_text(f"{HASH}  crm.csv\n")
    sent = hashlib.sha256(CONTENT[:cut]).hexdigest()

    with pytest.raises(ExtractError, match=rf"expected {HASH[:16]}.*got {sent[:16]}.*may be truncated"):
        verify_checksum(deliver(tmp_path / "crm.csv", CONTENT[:cut]))


def test_a_sidecar_is_never_followed_or_waited_for(tmp_path: Path) -> None:
    """A link or a pipe in its place refuses the extract."""
    (tmp_path / "elsewhere").write_text(HASH)
    (tmp_path / "a.csv.sha256").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "b.csv.sha256")

    for name in ("a.csv", "b.csv"):
        with pytest.raises(ExtractError, match="not a plain file"):
            verify_checksum(deliver(tmp_path / name))


def test_names() -> None:
    """Only the last suffix counts."""
    assert is_sidecar("crm.csv.sha256")
    assert not is_sidecar("crm.sha256.csv")
