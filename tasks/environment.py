"""Environment variables: settings of the machine, not of a run."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.core.errors import ConfigError
from tasks.core.settings import first_fault

HOME: Final = Path("var")
"""CHURN_HOME if it is not set, in the current folder."""


def _named(folder: str) -> str:
    if not folder:
        raise ValueError("is empty, which would be the current folder")
    return folder


class Environment(BaseSettings):
    """Each field is a variable: `home` is CHURN_HOME. PREFECT_HOME is Prefect's own."""

    model_config = SettingsConfigDict(env_prefix="CHURN_", frozen=True)

    home: Annotated[Path, BeforeValidator(_named)] = Field(
        default=HOME, description="Folder for everything that is written."
    )
    prefect_wait_seconds: float = Field(
        default=8.0, ge=0, le=9_999, description="How long a finished run waits for Prefect."
    )
    prefect_home: Annotated[Path, BeforeValidator(_named), AfterValidator(Path.expanduser)] | None = Field(
        default=None, validation_alias="PREFECT_HOME", description="Prefect's own folder."
    )
    key: SecretStr | None = Field(
        default=None, description="Key for fingerprints of customers and the draw of control groups."
    )
    config_home: str = Field(
        default="",
        validation_alias="XDG_CONFIG_HOME",
        description="Folder of the user's settings; ~/.config if it is empty or relative.",
    )
    notify: str = Field(default="", description="Prefect's notification blocks, separated by commas.")

    @property
    def key_file(self) -> Path | None:
        """Where a key is made if none is given; None for a user without a home folder.

        Source of the rule: XDG Base Directory Specification 0.8.
        """
        try:
            folder = Path(self.config_home).expanduser()
            settings = folder if folder.is_absolute() else Path.home() / ".config"
        except RuntimeError:
            return None
        return settings / "telconova-churn" / "key"


def read_environment() -> Environment:
    """Read the variables.

    Raises:
        ConfigError: a variable is out of bounds.
    """
    try:
        return Environment()
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0]).upper()
        name = field if field == "PREFECT_HOME" else f"CHURN_{field}"
        raise ConfigError(f"{name}: {first_fault(error)}. Correct or unset it.") from None
