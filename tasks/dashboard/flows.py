"""Declare flows: real ones where Prefect calls them, plain functions where a person starts their file."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State


@dataclass(frozen=True)
class Ended:
    """How a flow's body ended: in a Completed state, perhaps with a name of its own, and with a message."""

    message: str
    name: str | None = None


class Runnable(Protocol):
    """A flow's name and body."""

    @property
    def name(self) -> str:
        """Name of the flow."""

    @property
    def fn(self) -> Callable[..., Any]:
        """Its body; what it returns has a name and a message."""


@dataclass(frozen=True)
class _ByHand:
    name: str
    fn: Callable[..., Ended]


def flow(*, name: str) -> Callable[[Callable[..., Ended]], Runnable]:
    """Decorate a flow's body.

    A run by hand takes place outside Prefect's engine, so a file that is run as a program imports nothing
    of Prefect: that would take longer than scoring does.
    """

    def decorate(body: Callable[..., Ended]) -> Runnable:
        return _ByHand(name, body) if body.__module__ == "__main__" else _for_prefect(name, body)

    return decorate


def _for_prefect(name: str, body: Callable[..., Ended]) -> Runnable:
    import prefect  # noqa: PLC0415 over a second, which a run by hand saves
    from prefect.states import Completed  # noqa: PLC0415 the same
    from prefect.utilities.hashing import file_hash  # noqa: PLC0415 the same

    @wraps(body)
    def run(*args: Any, **kwargs: Any) -> "State[Any]":
        ended = body(*args, **kwargs)
        return Completed(name=ended.name, message=ended.message)

    version = file_hash(body.__code__.co_filename)  # Prefect would hash the file of the wrapper
    declared: Runnable = prefect.flow(name=name, version=version, persist_result=False)(run)
    return declared
