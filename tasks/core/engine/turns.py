"""Work on items in several threads, and give the results in the items' order."""

from collections.abc import Callable, Iterator
from threading import Condition, Lock, Thread
from typing import Any, Final, Generic, TypeVar, cast

Item = TypeVar("Item")
Result = TypeVar("Result")

_END: Final = object()


class Turns(Generic[Item, Result]):
    """Threads that each take the next item, work on it, wait for their turn, and give the result.

    Only `work` runs in several threads at once: `items` is advanced by one thread at a time, and `give` is
    called by one at a time, in the items' order. No thread waits for another to hand it something.
    """

    def __init__(
        self, items: Iterator[Item], work: Callable[[Item], Result], give: Callable[[Result], None]
    ) -> None:
        """Store what the threads share."""
        self._items, self._work, self._give = items, work, give
        self._source, self._turn = Lock(), Condition()
        self._taken = self._given = 0
        self._over = False
        self._error: BaseException | None = None

    def run(self, *, threads: int, on_given: Callable[[], None]) -> None:
        """Work until the items end; this thread calls `on_given`, as often as it keeps up, and at the end.

        Raises:
            Exception: the first one, in the items' order, from taking, working on or giving an item.
        """
        pool = [Thread(target=self._take_turns, name=f"score-{i}") for i in range(threads)]
        try:
            for thread in pool:
                thread.start()
            while self._wait_for_another():
                on_given()
        finally:
            with self._turn:  # after an interrupt, the threads finish the items in hand
                self._over = True
                self._turn.notify_all()
            _join(pool)
        if self._error is not None:
            raise self._error
        on_given()

    def _wait_for_another(self) -> bool:
        """Wait until another result has been given; return False when there are no more."""
        with self._turn:
            given = self._given
            while self._given == given and not self._over:
                self._turn.wait()
            return not self._over

    def _take_turns(self) -> None:
        while not self._over:
            number, result, error = self._work_on_next()
            with self._turn:
                while self._given != number and not self._over:
                    self._turn.wait()
                if self._over:
                    return
                if error is None and result is not _END:
                    error = self._give_one(result)
                if error is not None or result is _END:
                    self._over, self._error = True, error
                self._turn.notify_all()

    def _work_on_next(self) -> tuple[int, Any, BaseException | None]:
        """Return the next item's number, and its result, `_END` after the last, or what was raised."""
        with self._source:
            number, self._taken = self._taken, self._taken + 1
            try:
                item = next(self._items, _END)
            except BaseException as error:  # noqa: BLE001 raised again by `run`
                return number, None, error
        try:
            return number, _END if item is _END else self._work(cast(Item, item)), None
        except BaseException as error:  # noqa: BLE001 raised again by `run`
            return number, None, error

    def _give_one(self, result: Result) -> BaseException | None:
        try:
            self._give(result)
        except BaseException as error:  # noqa: BLE001 raised again by `run`
            return error
        self._given += 1
        return None


def _join(pool: list[Thread]) -> None:
    """Wait for all threads that were started, even if interrupted again meanwhile."""
    interrupt: BaseException | None = None
    for thread in pool:
        while thread.is_alive():
            try:
                thread.join()
            except (KeyboardInterrupt, SystemExit) as again:
                interrupt = again
    if interrupt is not None:
        raise interrupt
