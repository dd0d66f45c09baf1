"""A sample of `make torture ONLY=orchestrator`: a real server, broken during runs, and its control."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.torture import orchestrator
from tests.torture.orchestrator import BREAKS, COMMANDS, Api, Ended, api_of, differences, inside_prefect, run

pytestmark = pytest.mark.xdist_group("broken-server")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home in which every command has something to do."""
    return orchestrator.prepare(tmp_path_factory.mktemp("orchestrator"))


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Start a server that may be broken."""
    with api_of(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.mark.long
@pytest.mark.parametrize(
    ("act", "how", "share"),
    [
        ("score", "killed", 0.5),
        ("score", "answering 500 to artifacts", 0.0),
        ("promote", "database locked", 0.3),
        ("sweep", "paused", 0.4),
    ],
)
def test_a_broken_server_changes_nothing(
    act: str, how: str, share: float, prepared: Path, api: Api, tmp_path: Path
) -> None:
    """Files, exit code and what the terminal says are those of an undisturbed run."""
    golden = run(COMMANDS[act], prepared, tmp_path / "home", api)
    ended = run(COMMANDS[act], prepared, tmp_path / "home", api, BREAKS[how], share * golden.seconds)

    assert golden.code == (20 if act == "score" else 0)
    assert differences(ended, golden) == []


@pytest.mark.long
def test_a_night_inside_prefect_is_caught(prepared: Path, api: Api, tmp_path: Path) -> None:
    """A run that depends on the server does not end as if undisturbed."""
    dice = random.Random(2)  # noqa: S311 moments, not secrets

    assert inside_prefect(prepared, tmp_path, api, 1, dice).violations


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"code": 1}, "exit code 1, expected 0"),
        ({"said": ["a", "b"]}, "the terminal says otherwise: b"),
        ({"said": []}, "the terminal says otherwise: 0 lines, expected 1"),
        ({"files": {"x": "2"}}, "other files: x"),
        ({"warnings": 2}, "2 warnings of Prefect, expected one at most"),
    ],
)
def test_whatever_differs_is_found(other: dict[str, object], said: str) -> None:
    """The exit code, a line, a file, a warning too many."""
    golden = Ended(0, ["a"], {"x": "1"}, 1, 1.0, 0.0)

    assert differences(replace(golden, **other), golden) == [said]  # type: ignore[arg-type]
    assert differences(golden, replace(golden, seconds=9.0, waited=9.0)) == []
