import errno
import logging
import os
import traceback
from collections.abc import Callable, Mapping

import pytest

from tasks.core import steps
from tasks.core.errors import ExtractError, PublishError
from tasks.core.steps import conclude, is_watched, passes, progress, show, step, watched_by


class Notes:
    """Notes what a run hands over."""

    def __init__(self) -> None:
        self.taken: list[object] = []

    def began(self, step: str) -> None:
        """Note a step."""
        self.taken.append(step)

    def ended(self, error: BaseException | None) -> None:
        """Note its end."""
        self.taken.append(error and type(error))

    def progress(self, what: str, share: float, rows: int) -> None:
        """Note how far it is."""
        self.taken.append((what, share, rows))

    def announce(self, event: str, resource: str, facts: Mapping[str, str | int]) -> None:
        """Note an event."""
        self.taken.append((event, resource, facts))

    def conclude(self, result: str) -> None:
        """Note what it came to."""
        self.taken.append(result)

    def show(self, markdown: str, *, key: str, description: str) -> None:
        """Note a page."""
        self.taken.append((markdown, key, description))


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "PAUSE_SECONDS", 0.0)


@step("double")
def double(number: int) -> int:
    """Double a number."""
    progress("doubling", 0.5, number)
    show("a table", key="doubled", description="What was doubled")
    conclude(f"{2 * number}")
    return 2 * number


def failing(*errors: Exception) -> Callable[[], int]:
    """Make a step that fails so, try after try, and then succeeds."""
    left = list(errors)

    @step("fail")
    def fail() -> int:
        if left:
            raise left.pop(0)
        return len(errors)

    return fail


def test_a_step_does_the_same_whether_it_is_watched_or_not() -> None:
    """Whoever watches is handed the step, its progress, its pages, its result and its end."""
    assert double(3) == 6
    assert not is_watched()

    notes = Notes()
    with watched_by(notes):
        assert is_watched()
        assert double(3) == 6

    assert notes.taken == [
        "double",
        ("doubling", 0.5, 3),
        ("a table", "doubled", "What was doubled"),
        "6",
        None,
    ]
    assert not is_watched()


def test_a_watcher_sees_what_a_step_failed_of() -> None:
    """An interruption, too, ends the step."""
    for error in (ExtractError("x"), KeyboardInterrupt()):
        notes = Notes()
        with watched_by(notes), pytest.raises(type(error)):
            failing(error)()  # type: ignore[arg-type]

        assert notes.taken == ["fail", type(error)]


def test_a_watcher_that_fails_is_of_no_concern() -> None:
    """The step ends as if nobody watched."""

    class Failing(Notes):
        def began(self, step: str) -> None:
            raise OSError(step)

        def show(self, markdown: str, *, key: str, description: str) -> None:
            raise RuntimeError(markdown, key, description)

    notes = Failing()
    with watched_by(notes):
        assert double(3) == 6

    assert notes.taken == [("doubling", 0.5, 3), "6", None]


def busy() -> PublishError:
    """Make the error of a disk that was busy for a moment, as publishing raises it."""
    error = PublishError("x")
    error.__context__ = OSError(errno.EBUSY, "busy")
    return error


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (OSError(errno.EIO, "I/O error"), True),
        (OSError(errno.ESTALE, "stale"), True),
        (busy(), True),
        (OSError(errno.ENOSPC, "full"), False),
        (FileNotFoundError(errno.ENOENT, "x"), False),
        (ExtractError("x"), False),
        (ValueError("bug"), False),
    ],
)
def test_only_passing_io_is_tried_again(
    error: Exception, again: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk, a bad extract and a bug are not tried again; a stale mount is, twice, and says so."""
    assert passes(error) is again
    if not again:
        with pytest.raises((type(error), PublishError)):
            failing(error)()
        return
    with caplog.at_level(logging.WARNING, "churn"):
        assert failing(error, error)() == 2
    assert [each.message.endswith("Trying again in 0 s.") for each in caplog.records] == [True, True]
    with pytest.raises(PublishError):
        failing(error, error, error)()


def test_an_error_of_the_disk_names_no_file() -> None:
    """Neither the message nor what is shown of its cause holds a path; that it may pass is still known."""
    error = OSError(errno.EIO, os.strerror(errno.EIO), "/inbox/Mary Smith.csv")

    with pytest.raises(
        PublishError, match=r"^step 'fail': .*Input/output error \(test_steps\.py, line"
    ) as raised:
        failing(error, error, error)()

    assert "Mary" not in "".join(traceback.format_exception(raised.value))
    assert passes(raised.value)
