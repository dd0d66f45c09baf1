import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tasks.core.errors import ChurnError, ConfigError, ExtractError
from tasks.core.training.evaluation.beside import beside
from tests.harness.fits import hang, lack, process_id, refuse, wait_until_gone, wait_until_hanging

ROOT = Path(__file__).parents[4]


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start two processes on a machine of any size."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})


def test_each_fit_gives_its_result_by_name_from_another_process() -> None:
    """More fits than cores end all the same, each under its own name, and none of them here."""
    fits = {name: partial(pow, base, 2) for name, base in (("two", 2), ("three", 3), ("four", 4))}

    with beside(fits | {"process": process_id}) as ended:
        found = dict(ended)

    assert found.pop("process") != os.getpid()
    assert found == {"two": 4, "three": 9, "four": 16}


@pytest.mark.parametrize(("cores", "fits"), [(2, 1), (1, 2)])
def test_without_a_second_core_or_fit_no_process_is_started(
    monkeypatch: pytest.MonkeyPatch, cores: int, fits: int
) -> None:
    """A fit then runs here, and not before it is asked for."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    ran: list[str] = []

    def fit(name: str) -> int:
        ran.append(name)
        return os.getpid()

    names = ("one", "other")[:fits]
    with beside({name: partial(fit, name) for name in names}) as ended:
        before = [*ran]
        found = dict(ended)

    assert before == []
    assert ran == [*names]
    assert found == dict.fromkeys(names, os.getpid())


def test_nothing_to_fit_is_nothing_to_wait_for() -> None:
    """Settings may switch off every fit that only the evaluation needs."""
    nothing: dict[str, Callable[[], int]] = {}

    with beside(nothing) as ended:
        assert list(ended) == []


def test_a_fault_of_a_fit_reaches_the_caller_and_ends_the_others(tmp_path: Path) -> None:
    """It is still an error that a person can fix, on one line, and no fit goes on without a reader."""
    fits = {"refused": partial(refuse, tmp_path), "endless": partial(hang, tmp_path)}

    with pytest.raises(ConfigError, match="not finite") as caught, beside(fits) as ended:
        list(ended)

    assert type(caught.value) is ConfigError
    assert str(caught.value) == "fit.learning_rate:?the loss is not finite. Lower it."
    wait_until_gone(wait_until_hanging(tmp_path, 1))


@pytest.mark.parametrize("fits", [{"alone": lack}, {"one": lack, "other": lack}])
def test_a_fault_is_the_same_here_and_in_another_process(fits: dict[str, Callable[[], int]]) -> None:
    """An extract with too few customers is named as such wherever the fit runs."""
    with pytest.raises(ChurnError) as caught, beside(fits) as ended:
        list(ended)

    assert type(caught.value) is ExtractError
    assert str(caught.value) == "column 'Churn': too few."


def test_leaving_the_block_stops_what_runs(tmp_path: Path) -> None:
    """If the candidate's own training fails, nothing goes on beside it."""
    fit = partial(hang, tmp_path)

    with suppress(ZeroDivisionError), beside({"one": fit, "other": fit}):
        processes = wait_until_hanging(tmp_path, 2)
        raise ZeroDivisionError

    wait_until_gone(processes)


def test_a_kill_leaves_no_process_behind(tmp_path: Path) -> None:
    """Fits of a training that was killed do not write into the folder of the one that resumes it."""
    command = [sys.executable, "-m", "tests.harness.fits", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as training:
        processes = wait_until_hanging(tmp_path, 2)

        training.kill()

    wait_until_gone(processes)
    assert training.pid not in processes
