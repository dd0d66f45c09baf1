"""Errors sorted by who must act; each is printed as one line and has its own exit code."""

from typing import ClassVar

import pandas as pd


class ChurnError(Exception):
    """A fault a person can mend: shown without a traceback.

    The message names rule, place, expected, got and next action; it holds line
    numbers and counts, never a customer's value.
    """

    exit_code: ClassVar[int] = 1


class ConfigError(ChurnError):
    """The operator's setting, flag or path is not usable."""

    exit_code = 10


class ExtractError(ChurnError):
    """The CRM team's extract breaks the data contract as a whole file.

    `quarantine` lists the bad rows (line, column, reason, hint) where rows were judged at all.
    """

    exit_code = 20

    def __init__(self, message: str, *, quarantine: pd.DataFrame | None = None) -> None:
        super().__init__(message)
        self.quarantine = quarantine


class BundleError(ChurnError):
    """The ML owner's bundle is damaged, incomplete or not fit for this use."""

    exit_code = 30


class RegistryError(ChurnError):
    """The champion pointer or its history cannot be read, verified or moved."""

    exit_code = 40


class PublishError(ChurnError):
    """The operator's disk did not take the scores; nothing half-written is visible."""

    exit_code = 50
