"""The base class for every model that is written to disk or crosses a boundary."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _refuse_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("should be a valid number, not true or false")  # noqa: TRY004 as pydantic asks
    return value


Number = Annotated[float, BeforeValidator(_refuse_truth)]
"""A float; `true` and `false` are refused."""


class Closed(BaseModel):
    """Immutable; refuses unknown fields and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())


def to_json(model: Closed) -> bytes:
    """Serialise a pydantic model for people and machines: indented UTF-8, fields as declared."""
    return (model.model_dump_json(indent=1) + "\n").encode()
