"""The base of every model that is written to disk or crosses a boundary."""

from pydantic import BaseModel, ConfigDict


class Closed(BaseModel):
    """Immutable, refuses unknown fields and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())
