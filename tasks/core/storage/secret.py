"""The operator's secret key: for fingerprints of customers and for the draw of control groups.

It lies outside the data, so that whoever has only the data cannot recognise a customer by a fingerprint.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tasks.core.access import cause_of
from tasks.core.errors import ConfigError
from tasks.core.storage.atomic import make_folder, write_new

LEAST_CHARACTERS: Final = 32


@dataclass(frozen=True)
class Secret:
    """Where the key comes from: given as text, or from a file that is made once; None if none can be."""

    path: Path | None
    given: str | None = field(default=None, repr=False)

    def key(self, purpose: str) -> bytes:
        """Derive the key for a purpose: 32 bytes.

        Raises:
            ConfigError: the key is too short, or its file cannot be read or made.
        """
        return hmac.digest(self._read(), purpose.encode(), "sha256")

    @property
    def key_id(self) -> str:
        """Identify the key, so that another one is noticed: 16 hex digits that do not give it away."""
        return hashlib.sha256(self.key("id")).hexdigest()[:16]

    def _read(self) -> bytes:
        text = self.given if self.given is not None else self._kept()
        if len(text.strip()) < LEAST_CHARACTERS:
            place = "CHURN_KEY" if self.given is not None else f"the key file {self.path}"
            raise ConfigError(
                f"{place} has fewer than {LEAST_CHARACTERS} characters. Restore the key from its backup, or"
                " rotate it as docs/operations.md describes."
            )
        return text.strip().encode()

    def _kept(self) -> str:
        if self.path is None:
            raise ConfigError(
                "there is no key, and this user has no home folder in which to make one. Set CHURN_KEY."
            )
        try:
            if not self.path.exists():
                _make(self.path)
            return self.path.read_text("ascii", errors="replace")
        except OSError as error:
            raise ConfigError(
                f"the key cannot be read or made: {cause_of(error, self.path)} Or set CHURN_KEY."
            ) from None


def _make(path: Path) -> None:
    """Make a key once, private to its owner; of two processes that try, one does."""
    folder = make_folder(path.parent)
    aside = folder / f".{path.name}-{secrets.token_hex(8)}"
    write_new(aside, f"{secrets.token_hex(32)}\n".encode("ascii"))
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
