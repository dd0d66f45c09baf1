"""Where the output of a command goes must not decide what the command does."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.harness.customers import make_customers
from tests.harness.flow_home import FlowHome
from tests.harness.processes import command
from tests.harness.sampled import sampled

ROOT = Path(__file__).parents[2]


@pytest.fixture
def extract(tmp_path: Path) -> str:
    """Write an extract."""
    path = tmp_path / "crm_2026-03-01.csv"
    make_customers(60, seed=3).to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("log", sampled(["a pipe that broke", "/dev/full", "closed"], 3))
def test_a_log_that_cannot_be_written_stops_no_run(
    trained_home: FlowHome, extract: str, log: str, unbuffered: str
) -> None:
    """The scores are published all the same, and no log line goes to stdout instead."""
    how = command(trained_home.path, "score_flow.py", "--extract", extract, PYTHONUNBUFFERED=unbuffered)
    if log == "closed":
        how["preexec_fn"] = lambda: os.close(2)
        done = subprocess.run(stdout=subprocess.PIPE, check=False, **how)
    elif log == "/dev/full":
        with Path(log).open("wb") as full:
            done = subprocess.run(stdout=subprocess.PIPE, stderr=full, check=False, **how)
    else:
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(stdout=subprocess.PIPE, stderr=writer, check=False, **how)
        os.close(writer)

    assert done.returncode == 0
    assert done.stdout == b""
    assert len(trained_home.published()) == 1


@pytest.mark.parametrize(("unbuffered", "code"), [("1", 141), ("", 4)], ids=["while printing", "at the end"])
def test_a_status_that_nobody_reads_ends_as_by_a_broken_pipe(
    trained_home: FlowHome, unbuffered: str, code: int
) -> None:
    """As `status.py | true` does; the page is no bug, and a command that has ended keeps its own code."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        **command(trained_home.path, "status.py", PYTHONUNBUFFERED=unbuffered),
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (code, b"")


def test_the_status_as_json_is_json_in_an_ascii_locale(tmp_path: Path) -> None:
    """A program can read it, whatever the path of the home."""
    home = tmp_path / "été"
    home.mkdir()
    how = command(home, "status.py", "--json", PYTHONIOENCODING="ascii")
    done = subprocess.run(capture_output=True, check=False, **how)

    assert done.returncode == 4
    assert any("été" in alarm["message"] for alarm in json.loads(done.stdout)["alarms"])


def test_a_stdout_that_cannot_be_written_costs_what_is_printed_alone(
    trained_home: FlowHome, extract: str
) -> None:
    """A run prints nothing there; a page that is lost is an error, with the code of a full disk."""
    with Path("/dev/full").open("wb") as full:
        scored, shown = (
            subprocess.run(
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                **command(trained_home.path, *arguments),
            )
            for arguments in (("score_flow.py", "--extract", extract), ("score_flow.py", "--print-schema"))
        )

    assert scored.returncode == 0, scored.stderr
    assert (shown.returncode, len(shown.stderr.splitlines())) == (50, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [("", "the path is empty"), ("/dev/null", "is a pipe or a device. Give the path of a file.")],
)
def test_a_path_that_is_no_file(trained_home: FlowHome, given: str, said: str) -> None:
    """One line says what it is; an empty one is not the current folder."""
    how = command(trained_home.path, "score_flow.py", "--extract", given)
    done = subprocess.run(capture_output=True, text=True, check=False, **how)

    assert done.returncode == 10, done.stderr
    assert said in done.stderr


@pytest.mark.parametrize(
    ("program", "setting"),
    [("score_flow.py", "timezone"), ("status.py", "alarms"), ("retention_flow.py", "archive_days")],
)
def test_every_program_prints_its_settings(tmp_path: Path, program: str, setting: str) -> None:
    """As JSON Schema, without reading any."""
    done = subprocess.run(capture_output=True, check=False, **command(tmp_path, program, "--print-schema"))

    assert done.returncode == 0, done.stderr
    assert setting in json.loads(done.stdout)["properties"]
