import threading
from collections.abc import Iterator
from time import sleep

import pytest

from tasks.core.engine.turns import Turns


def numbers(until: int) -> Iterator[int]:
    """Count, and notice if two threads advance the count at once."""
    busy = threading.Lock()
    for each in range(until):
        assert busy.acquire(blocking=False)
        sleep(0.0001)
        busy.release()
        yield each


def uneven(number: int) -> int:
    """Take longer for every third item, so that the next ones are ready first."""
    sleep(0.002 if number % 3 == 0 else 0)
    return number * number


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_are_given_in_order(threads: int) -> None:
    """However many threads work, and whichever is ready first."""
    given: list[int] = []
    told: list[int] = []

    Turns(numbers(60), uneven, given.append).run(threads=threads, on_given=lambda: told.append(len(given)))

    assert given == [number * number for number in range(60)]
    assert told == sorted(told)
    assert told[-1] == 60


def test_without_items_only_the_end_is_reported() -> None:
    """Nothing is given, and the end is reported all the same."""
    told: list[None] = []

    Turns(numbers(0), uneven, lambda _: pytest.fail("given")).run(
        threads=3, on_given=lambda: told.append(None)
    )

    assert told == [None]


@pytest.mark.parametrize("place", ["items", "work", "give"])
def test_the_first_error_in_order_is_raised(place: str) -> None:
    """What was given before it stays given, and nothing after it is."""
    given: list[int] = []

    def items() -> Iterator[int]:
        yield from range(20)
        if place == "items":
            raise ValueError("20")

    def work(number: int) -> int:
        if place == "work" and number >= 20:
            sleep(0.01 if number == 20 else 0)  # a later one fails first
            raise ValueError(str(number))
        return number

    def give(number: int) -> None:
        if place == "give" and number == 20:
            raise ValueError("20")
        given.append(number)

    source = items() if place == "items" else iter(range(40))
    with pytest.raises(ValueError, match=r"^20$"):
        Turns(source, work, give).run(threads=4, on_given=lambda: None)
    assert given == list(range(20))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("score-")]


def test_an_interrupt_ends_the_threads() -> None:
    """Ctrl-C leaves no thread behind that would go on writing."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Turns(iter(range(10**6)), uneven, lambda _: None).run(threads=3, on_given=interrupt)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("score-")]


@pytest.mark.parametrize("place", ["work", "give"])
def test_only_the_items_themselves_can_end(place: str) -> None:
    """A StopIteration from anywhere else is an error: taken for the end, it would lose all that follows."""

    def stop(number: int) -> int:
        return next(iter(())) if number == 3 else number

    work, give = (stop, lambda _: None) if place == "work" else (lambda number: number, stop)
    with pytest.raises(StopIteration):
        Turns(iter(range(10)), work, give).run(threads=2, on_given=lambda: None)


def test_a_second_interrupt_leaves_no_thread_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the threads finish is obeyed once they have."""
    join = threading.Thread.join
    interrupts = iter([KeyboardInterrupt("second"), KeyboardInterrupt("third")])

    def interrupted(thread: threading.Thread, timeout: float | None = None) -> None:
        for interrupt in interrupts:
            raise interrupt
        join(thread, timeout)

    def first() -> None:
        monkeypatch.setattr(threading.Thread, "join", interrupted)
        raise KeyboardInterrupt("first")

    with pytest.raises(KeyboardInterrupt):
        Turns(iter(range(10**6)), uneven, lambda _: None).run(threads=3, on_given=first)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("score-")]
