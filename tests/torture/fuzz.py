"""Torture test: readers get mutated inputs, and raise only declared errors.

With atheris the inputs are led by the branches that they reach; `mutated` draws them from a seed.
"""

import io
import json
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from schemas.config import IngestConfig
from schemas.manifest import MANIFEST
from schemas.preprocessing import Spec
from tasks.core.bundle.bundle_files import SPEC, bundle_id, open_bundle
from tasks.core.bundle.encoder import encode
from tasks.core.errors import BundleError, ExtractError
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.storage.atomic import make_folder
from tasks.core.storage.seals import seal_files
from tests.harness.customers import make_customers
from tests.torture.outcome import Outcome

ROOT: Final = Path(__file__).parents[2]
TRIPPING: Final = "tripping"
"""Name of a reader that is broken, and must be caught."""

LONGEST_SECONDS: Final = 5.0
SMALL_PARENT: Final = ("sh", "-c", '"$@"; exit $?', "sh")
"""Starts the fuzzer: Linux counts as a program's own peak that of what started it, and we have trained."""
INPUTS_A_PROCESS: Final = 20_000
"""Under the fuzzer some 10 KB of every extract stay in memory, which they do not without it; so another
process continues with the corpus."""
MOST_BYTES: Final = 2**30
_BITS: Final = (
    b'"',
    b",",
    b";",
    b"\t",
    b"\r",
    b"\n",
    b"\x00",
    b"\xff",
    b"\xe2\x80\xa8",
    b"1e400",
    b"-0",
    b"{",
    b"}",
    b"null",
    b"NaN",
)

_SAID: Final = re.compile(r"Error\b|ERROR:|SUMMARY:|Test unit written")

Target = Callable[[bytes], None]


def extract_target(data: bytes) -> None:
    """Read bytes as an extract."""
    try:
        extract = read_extract(data, "fuzzed.csv", "scoring", IngestConfig(max_quarantined_share=0.99))
    except ExtractError:
        return
    counts = extract.counts
    assert (
        counts.received == counts.accepted + counts.quarantined + counts.exact_duplicates + counts.blank_lines
    )
    assert len(extract.customers) == counts.accepted


def spec_target(data: bytes) -> None:
    """Read bytes as a preprocessing spec, and encode customers with it."""
    try:
        encode(_CUSTOMERS, Spec.model_validate_json(data))
    except (ValidationError, BundleError):
        return


def tripping_target(data: bytes) -> None:
    """Raise what no reader declares at a byte that is not ASCII."""
    data.decode("ascii")


def bundle_target(folder: Path) -> Target:
    """Make a target that replaces a file of a bundle by bytes, and seals the result."""
    sound = {path.name: path.read_bytes() for path in folder.iterdir()}
    manifest = json.loads(sound[MANIFEST])
    names = [name for name in sorted(sound) if name.endswith(".json")]

    def target(data: bytes) -> None:
        name = names[data[0] % len(names)] if data else names[0]
        (folder / name).write_bytes(data[1:])
        if name != MANIFEST:
            files = seal_files(folder)
            resealed = manifest | {
                "files": {each: vars(seal) for each, seal in files.items()},
                "bundle_id": bundle_id(files),
            }
            (folder / MANIFEST).write_text(json.dumps(resealed, default=lambda seal: seal.model_dump()))
        try:
            open_bundle(folder).scorer()
        except BundleError:
            return
        finally:
            for each, content in sound.items():
                (folder / each).write_bytes(content)

    return target


def seeds(name: str, bundle: Path) -> list[bytes]:
    """Return the valid inputs that a target starts from."""
    if name == TRIPPING:
        return [b"a,b\n"]
    if name == "spec":
        return [(bundle / SPEC).read_bytes()]
    if name == "bundle":
        names = sorted(path.name for path in bundle.glob("*.json"))
        return [bytes([i]) + (bundle / each).read_bytes() for i, each in enumerate(names)]
    written = io.StringIO()
    make_customers(12).to_csv(written, index=False)
    text = written.getvalue()
    return [text.encode(), text.replace(",", ";").encode(), text.replace("\n", "\r\n").encode("utf-8-sig")]


def fuzz(
    name: str, target: Target, inputs: list[bytes], runs: int, *, seed: int = 0, show: bool = False
) -> Outcome:
    """Give a target mutated inputs; an undeclared error, a long wait or a gigabyte more is a violation."""
    dice = random.Random(seed)  # noqa: S311 inputs, not secrets
    outcome = Outcome(f"{name} reader: mutated inputs")
    before = _peak()
    for number in outcome.over(range(runs), show=show):
        data, started = mutated(dice.choice(inputs), dice), time.monotonic()
        try:
            target(data)
        except Exception as error:  # noqa: BLE001 the absence of any is under test
            outcome.violations.append(f"input {number} of seed {seed}: {type(error).__name__}")
        if time.monotonic() - started > LONGEST_SECONDS:
            outcome.violations.append(f"input {number} of seed {seed}: took over {LONGEST_SECONDS:.0f} s")
    if _peak() - before > MOST_BYTES:
        outcome.violations.append("memory grew by more than a gigabyte")
    return outcome


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Damage bytes in one to eight places."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        at, end = sorted((dice.randrange(len(changed) + 1), dice.randrange(len(changed) + 1)))
        end = min(end, at + dice.choice((1, 4, 64, 4_096)))
        piece = bytes(changed[at:end])
        changed[at:end] = dice.choice(
            (b"", piece * 2, piece[::-1], dice.choice(_BITS), dice.randbytes(len(piece)))
        )
    return bytes(changed)


def guided(name: str, runs: int, folder: Path, bundle: Path, found: Path) -> Outcome:
    """Let atheris lead the inputs by coverage, in processes of its own, which it ends when it is done.

    An input that broke the reader is kept in the folder `found`, and the violation names it. As many
    trials count as libFuzzer says that it has made, but for the inputs that a process began with.
    """
    corpus = folder / f"corpus-{name}"
    corpus.mkdir()
    for i, data in enumerate(seeds(name, bundle)):
        (corpus / str(i)).write_bytes(data)
    outcome = Outcome(f"{name} reader: inputs led by coverage")
    command = [sys.executable, "-m", "tests.torture.guided", name, str(bundle), str(corpus)]
    limits = [
        f"-timeout={LONGEST_SECONDS:.0f}",
        f"-rss_limit_mb={MOST_BYTES // 2**20}",
        "-print_final_stats=1",
        "-max_len=8192",
        f"-artifact_prefix={make_folder(found)}/",
    ]
    started, peak = time.monotonic(), 0
    while outcome.trials < runs and not outcome.violations:
        known = len(list(corpus.iterdir()))
        more = f"-runs={known + min(runs - outcome.trials, INPUTS_A_PROCESS)}"
        ended = subprocess.run(
            [*SMALL_PARENT, *command, *limits, more], check=False, capture_output=True, text=True, cwd=ROOT
        )
        tried = max(0, _stated("number_of_executed_units", ended.stderr) - known)
        outcome.trials += tried
        peak = max(peak, _stated("peak_rss_mb", ended.stderr))
        if ended.returncode:
            said = [line for line in (ended.stdout + ended.stderr).splitlines() if _SAID.search(line)]
            outcome.violations.append(
                f"atheris left with {ended.returncode}: {' '.join(dict.fromkeys(said))}"
            )
        elif not tried:
            outcome.violations.append(f"only {outcome.trials:,} of {runs:,} inputs were tried")
    outcome.seconds = time.monotonic() - started
    outcome.name += f", at most {peak:,} MiB"
    return outcome


def _stated(statistic: str, printed: str) -> int:
    """Read a statistic of libFuzzer's last lines; 0 where it printed none."""
    line = re.search(rf"stat::{statistic}:\s*(\d+)", printed)
    return int(line[1]) if line else 0


def target_of(name: str, bundle: Path) -> Target:
    """Give the target by name."""
    if name == "bundle":
        return bundle_target(bundle)
    return {"extract": extract_target, "spec": spec_target, TRIPPING: tripping_target}[name]


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


_CUSTOMERS: Any = make_customers(5)
