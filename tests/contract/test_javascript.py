import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from schemas.closed import to_json
from schemas.config import IngestConfig
from schemas.manifest import MANIFEST, BundleManifest
from schemas.scores import PROBABILITY_DECIMALS
from tasks.core.bundle import examples, onnx_model
from tasks.core.bundle.bundle_files import Bundle, bundle_id, open_bundle
from tasks.core.bundle.scores_csv import HEADER
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.storage.hashing import sha256_of
from tasks.core.storage.locks import locked
from tasks.core.storage.seals import seal_files
from tests.harness.customers import accepted, make_customers
from tests.harness.flow_home import QUICK, FlowHome

READER = Path(__file__).parent / "javascript"

pytestmark = pytest.mark.xdist_group("real")  # one worker trains


@pytest.fixture(scope="session")
def packages(pytestconfig: pytest.Config) -> Path:
    """Install exactly the packages of the lock file, once for all workers and runs; give node_modules."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"no {' and no '.join(missing)} here: the JavaScript reader needs Node 20 or newer")
    assert pytestconfig.cache is not None
    folder = Path(pytestconfig.cache.mkdir(f"javascript-{sha256_of(READER / 'package-lock.json')[:16]}"))
    done = folder / "installed"
    with locked(folder):
        if not done.exists():
            for name in (".npmrc", "package.json", "package-lock.json"):
                shutil.copy(READER / name, folder)
            npm = subprocess.run(["npm", "ci"], cwd=folder, capture_output=True, text=True, check=False)
            assert npm.returncode == 0, npm.stderr
            done.touch()
    return folder / "node_modules"


@pytest.fixture(scope="session")
def reader(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the reader beside its packages; give its folder."""
    folder = tmp_path_factory.mktemp("reader")
    for path in [*READER.glob("*.js"), READER / "package.json"]:
        shutil.copy(path, folder)
    (folder / "node_modules").symlink_to(packages)
    return folder


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a champion that has seen no contract of two years and no mailed check; give its folder."""
    folder = tmp_path_factory.mktemp("javascript")
    seen = make_customers(1_200)
    seen = seen[(seen["Contract"] != "Two year") & (seen["PaymentMethod"] != "Mailed check")]
    seen.to_csv(folder / "crm_2026-03-01.csv", index=False)
    home = FlowHome(folder / "home")
    longer = QUICK.fit.model_copy(update={"max_epochs": 20})  # until probabilities spread over the deciles
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("CHURN_HOME", str(home.path))
        home.train(folder / "crm_2026-03-01.csv", QUICK.model_copy(update={"fit": longer}))
    return folder_of_champion(home)


def folder_of_champion(home: FlowHome) -> Path:
    """Give the folder of the bundle in service."""
    assert home.champion is not None
    return home.registry / "bundles" / home.champion.manifest.bundle_id


def score(reader: Path, bundle: Path, extract: Path, scores: Path) -> subprocess.CompletedProcess[str]:
    """Score an extract into a new file, in JavaScript."""
    command = ("node", reader / "score.js", bundle, extract, scores)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def published(champion: Bundle, extract: Path) -> bytes:
    """Score an extract as the night does: the bytes of scores.csv."""
    customers = read_extract(extract.read_bytes(), extract.name, "scoring", IngestConfig()).customers
    return HEADER + champion.scorer().rows(accepted(customers)).csv


def resealed(bundle: Path, folder: Path, name: str, change: Callable[[Any], None]) -> Path:
    """Copy a bundle with one JSON file changed, sealed as if it had been so from the start."""
    copy = shutil.copytree(bundle, folder / "copy")
    content = json.loads((copy / name).read_bytes())
    change(content)
    (copy / name).write_text(json.dumps(content), encoding="utf-8")
    manifest = BundleManifest.model_validate_json((copy / MANIFEST).read_bytes())
    files = seal_files(copy)
    changed = manifest.model_copy(update={"files": files, "bundle_id": bundle_id(files)})
    (copy / MANIFEST).write_bytes(to_json(changed))
    return copy.rename(folder / changed.bundle_id)


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    """Write customers in and out of domain, billed and not, with ids that need quotes, as Windows does."""
    customers = make_customers(2_000, seed=1)
    customers.loc[::7, "customerID"] = [f'TEST, "{i}"' for i in range(0, 2_000, 7)]
    customers.loc[::9, "tenure"] = 100.0
    customers["TotalCharges"] = customers["TotalCharges"].mask(
        customers.index % 9 == 0, 100 * customers["MonthlyCharges"]
    )
    path = tmp_path / "crm_2026-03-02.csv"
    customers.to_csv(path, index=False, lineterminator="\r\n", encoding="utf-8-sig")
    return path


def test_invented_customers_are_scored_to_the_same_bytes(
    reader: Path, bundle: Path, extract: Path, tmp_path: Path
) -> None:
    """Every cell of scores.csv is the product's own, also of values that training has not seen."""
    expected = published(open_bundle(bundle), extract)

    done = score(reader, bundle, extract, tmp_path / "scores.csv")

    assert done.stdout == "2000 customers scored\n", done.stderr
    assert (tmp_path / "scores.csv").read_bytes() == expected
    table = pd.read_csv(tmp_path / "scores.csv")
    kinds = table[["in_domain", "churn_flag", "risk_band", "decile"]].nunique()
    assert kinds.tolist() == [2, 2, 3, 10]


def test_cut_points_belong_to_what_they_start(
    reader: Path, bundle: Path, extract: Path, tmp_path: Path
) -> None:
    """A customer whose rounded probability equals a cut point is above it."""
    customers = read_extract(extract.read_bytes(), extract.name, "scoring", IngestConfig()).customers
    falling = np.sort(open_bundle(bundle).scorer().probability(customers))[::-1]
    deciles = falling[200::200].tolist()
    cuts = {"threshold": deciles[3], "deciles": deciles, "high": deciles[1], "medium": deciles[4]}
    moved = resealed(bundle, tmp_path, "cut_points.json", lambda content: content.update(cuts))

    score(reader, moved, extract, tmp_path / "scores.csv")

    assert (tmp_path / "scores.csv").read_bytes() == published(open_bundle(moved), extract)


@pytest.mark.real
def test_real_customers_are_scored_to_the_same_bytes(
    reader: Path, real_home: FlowHome, real_extract: Path, tmp_path: Path
) -> None:
    """All 7,043: the same six decimals, flags, deciles, bands and reasons."""
    bundle = folder_of_champion(real_home)

    done = score(reader, bundle, real_extract, tmp_path / "scores.csv")

    assert done.stdout == "7043 customers scored\n", done.stderr
    assert (tmp_path / "scores.csv").read_bytes() == published(open_bundle(bundle), real_extract)


def _nudge_example(field: str, by: float) -> Callable[[Any], None]:
    def change(content: Any) -> None:
        first = content["examples"][0]
        values = first if field == "probability" else first[field]
        values[field if field == "probability" else 0] += by

    return change


def _lowest_reason(content: Any) -> None:
    first = content["examples"][0]
    worth = zip(first["contributions"], content["columns"], strict=True)
    first["reasons"] = [min(each for each in worth if each[1] not in ("gender", "SeniorCitizen"))[1]]


def _nudge_mean(content: Any) -> None:
    content["numbers"][0]["mean"] *= 1 + 1e-6


def _swap_edges(content: Any) -> None:
    edges = content["numbers"][0]["edges"]
    edges[1] = (edges[1] + edges[2]) / 2


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("examples.json", _nudge_example("encoded", 1e-7), "the inputs differ"),
        ("examples.json", _nudge_example("probability", 1e-5), "probability of example 0"),
        ("examples.json", _nudge_example("contributions", 0.02), "tenure's contribution to 0"),
        ("examples.json", _lowest_reason, "worth of reason 1 of example 0"),
        ("examples.json", lambda content: content["columns"].reverse(), "the columns differ"),
        ("preprocessing.json", _nudge_mean, "the inputs differ"),
        ("preprocessing.json", _swap_edges, "the inputs differ"),
        ("preprocessing.json", lambda content: content["categories"].reverse(), "the inputs' names differ"),
        ("preprocessing.json", lambda content: content.update(format_version=2), "expected format_version 1"),
    ],
)
def test_the_examples_tell_a_wrong_reader(
    reader: Path,
    bundle: Path,
    extract: Path,
    tmp_path: Path,
    name: str,
    change: Callable[[Any], None],
    message: str,
) -> None:
    """A reader that encodes, scores or explains differently from the product scores nobody."""
    done = score(reader, resealed(bundle, tmp_path, name, change), extract, tmp_path / "scores.csv")

    assert done.returncode == 1
    assert message in done.stderr
    assert not (tmp_path / "scores.csv").exists()


def _append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def _link(path: Path) -> None:
    path.symlink_to(path.rename(path.parent.parent / path.name))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: _append(folder / "model.onnx"), "model.onnx is not as it was sealed"),
        (lambda folder: _append(folder / "report.html"), "report.html is not as it was sealed"),
        (lambda folder: (folder / "model.pt").unlink(), "expected the files"),
        (lambda folder: (folder / "notes.txt").touch(), "expected the files"),
        (lambda folder: _link(folder / "model.pt"), "model.pt is not as it was sealed"),
    ],
)
def test_a_damaged_bundle_scores_nobody(
    reader: Path, bundle: Path, extract: Path, tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    """Every file is checked against the manifest before anything is used."""
    copy = shutil.copytree(bundle, tmp_path / bundle.name)
    damage(copy)

    done = score(reader, copy, extract, tmp_path / "scores.csv")

    assert done.returncode == 1
    assert message in done.stderr


def test_a_bundle_under_another_name(reader: Path, bundle: Path, extract: Path, tmp_path: Path) -> None:
    """A folder not named after its bundle's id is refused, because scores are traced by the id."""
    done = score(reader, shutil.copytree(bundle, tmp_path / ("0" * 16)), extract, tmp_path / "scores.csv")

    assert done.returncode == 1
    assert "the manifest or the folder says otherwise" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"MonthlyCharges", b"Monthly", "column 'MonthlyCharges' is missing"),
        (b",100.0,", b",1e2,", "column 'tenure' holds something else than plain numbers"),
        (b",100.0,", b",,", "column 'tenure' holds something else than plain numbers"),
        (b",100.0,", b",", "record 2: expected 21 fields; got 20"),
        (b",100.0,", b',"100,', "record 2: a quote stands where none may"),
    ],
)
def test_an_extract_that_breaks_the_contract(
    reader: Path, bundle: Path, extract: Path, tmp_path: Path, old: bytes, new: bytes, message: str
) -> None:
    """The reader leaves quarantine to the product, but never guesses."""
    extract.write_bytes(extract.read_bytes().replace(old, new, 1))

    done = score(reader, bundle, extract, tmp_path / "scores.csv")

    assert done.returncode == 1
    assert message in done.stderr


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        ("model.js", "CHUNK_ROWS", onnx_model.CHUNK_ROWS),
        ("model.js", "REASONS_GIVEN", onnx_model.REASONS_GIVEN),
        ("scorer.js", "PROBABILITY_DECIMALS", PROBABILITY_DECIMALS),
        ("examples.js", "PROBABILITY_TOLERANCE", examples.PROBABILITY_TOLERANCE),
        ("examples.js", "CONTRIBUTION_TOLERANCE", examples.CONTRIBUTION_TOLERANCE),
    ],
)
def test_the_constants_are_the_products(module: str, name: str, value: float) -> None:
    """The constants that both languages need besides the bundle are equal."""
    (found,) = re.findall(rf"const {name} = (\S+);", (READER / module).read_text(encoding="utf-8"))

    assert float(found) == value


def test_the_lock_names_no_registry() -> None:
    """Packages are pinned by version and hash; where they come from is the installing team's choice."""
    lock = json.loads((READER / "package-lock.json").read_bytes())
    packages = [each for path, each in lock["packages"].items() if path]

    assert all(each["integrity"].startswith("sha512-") for each in packages)
    assert not any("resolved" in each for each in packages)
