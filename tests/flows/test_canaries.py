"""Fifty values that must not leak are planted, and searched for in everything stored or printed."""

import base64
import pickle
import random
from pathlib import Path

import pytest

from tests.harness.customers import make_customers
from tests.harness.flow_home import QUICK, FlowHome
from tests.harness.retention_table import unnamed
from tests.harness.server import Server

pytestmark = pytest.mark.xdist_group("second-server")

CANARIES = [f"kanari{number:02d}{random.Random(number).randbytes(5).hex()}" for number in range(50)]  # noqa: S311
IDS, CELLS, EXTRA, NAMES, LINES = (
    CANARIES[:20],
    CANARIES[20:30],
    CANARIES[30:35],
    CANARIES[35:40],
    CANARIES[40:],
)
OBJECTORS = IDS[:10]
"""Those among them who objected; no file of a home but the extracts may name them."""
DELIVERED = ("inbox", "work", "archive", "rejected")
"""Where extracts lie, which hold what they hold; elsewhere only scores.csv may name customers."""


def traces_of(value: str) -> list[bytes]:
    """Return every way in which a value could be stored: as text, and within base64 at any offset."""
    data = value.encode()
    encoded = [base64.b64encode(b"\0" * pad + data)[4 if pad else 0 : -4] for pad in range(3)]
    return [data, value.encode("utf-16-le"), *encoded]


def found_in(files: list[Path], values: list[str] = CANARIES) -> set[tuple[str, str]]:
    """List the files in which a canary can be read, in any form, also in capitals as in the contact lists."""
    return {
        (path.name, value)
        for path in files
        if path.is_file()
        for content in [path.read_bytes()]
        for value in values
        if any(trace in content for form in (value, value.upper()) for trace in traces_of(form))
    }


def plant(home: FlowHome) -> Path:
    """Deliver extracts with every outcome, all with canaries; return one to train on."""
    inbox = home.path / "inbox"
    inbox.mkdir()
    customers = make_customers(600)
    customers.loc[: len(IDS) - 1, "customerID"] = IDS
    learnt = home.path / "archive" / "labelled.csv"
    learnt.parent.mkdir()
    customers.to_csv(learnt, index=False)
    good = customers.astype(object).assign(**{"tariff": "", f"{EXTRA[0]}@example.com": "9"})
    for row, value in enumerate(CELLS):
        good.loc[30 + row, ("Contract", "tenure")[row % 2]] = value
    good.loc[50 : 50 + len(EXTRA) - 1, "tariff"] = EXTRA
    text = good.to_csv(index=False)
    broken = "".join(
        f'{value}"{line}\n' for value, line in zip(LINES, text.splitlines()[100:110], strict=True)
    )
    (inbox / f"{NAMES[0]}_2026-03-01.csv").write_text(text + broken)
    (inbox / f"{NAMES[1]}_2026-03-02.csv").write_text(good.assign(Contract=NAMES[1]).to_csv(index=False))
    (inbox / f"{NAMES[2]}_2026-03-03.csv").write_bytes(LINES[0].encode("utf-16"))
    (inbox / f"{NAMES[3]}_2031-03-04.csv").write_text(text)
    (inbox / f"{NAMES[4]}_2026-03-05.csv").mkdir()
    (inbox / f"{NAMES[4]}_2026-03-06.csv").symlink_to("x" * 300)
    return learnt


def contact_lists(folder: Path) -> tuple[str, ...]:
    """Write contact lists with canaries as ids and in bad rows; return the settings that name them."""
    objections, basis = folder / "objections.csv", folder / "basis.csv"
    scopes = ["all"] * (len(OBJECTORS) - 1) + [LINES[1]]
    rows = [
        f" {customer.upper()} ,2026-01-01,{scope}\n"
        for customer, scope in zip(OBJECTORS, scopes, strict=True)
    ]
    objections.write_text("customerID,objected_on,scope\n" + "".join(rows))
    bases = [
        f"{customer.upper()},phone,{basis},2026-01-01\n"
        for customer, basis in zip(IDS, [LINES[2]] + 19 * ["contract"], strict=True)
    ]
    basis.write_text("customerID,channel,basis,since\n" + "".join(bases))
    settings = (f"objections={objections}", f"basis={basis}", "max_quarantined_share=0.5")
    return tuple(word for each in settings for word in ("--set", f"contacts.{each}"))


def test_no_canary_gets_out(server: Server, trained_home: FlowHome, tmp_path: Path) -> None:
    """Database, write-ahead log, logs, artifacts, results, bundles and TensorBoard are free of them."""
    learnt = plant(trained_home)
    quick = tmp_path / "quick.json"
    quick.write_text(QUICK.model_dump_json())
    trained = server.flow("train", "--extract", str(learnt), "--config", str(quick), home=trained_home.path)
    lists = contact_lists(tmp_path)
    scored = server.flow("score", *lists, home=trained_home.path)
    kept_only = server.flow(
        "score", "--extract", str(learnt), "--as-of", "2026-02-01", home=trained_home.path
    )
    said = tmp_path / "said.txt"
    said.write_text(
        trained.stdout + trained.stderr + scored.stdout + scored.stderr + kept_only.stdout + kept_only.stderr
    )
    kept = [
        path
        for path in trained_home.path.rglob("*")
        if path.relative_to(trained_home.path).parts[0] not in DELIVERED and path.name != "scores.csv"
    ]

    assert trained.returncode == 0, trained.stderr
    assert scored.returncode == 20, scored.stderr
    assert "Extracts scored: 1, rejected: 5" in said.read_text()
    assert len(list((trained_home.path / "rejected").iterdir())) == 5
    assert unnamed(Path(server.env["CHURN_HOME"])) == []
    assert len(list((trained_home.path / "contacts").rglob("fingerprints.bin"))) == 1
    assert kept_only.returncode == 0, kept_only.stderr
    assert "the 10 customers who objected" in said.read_text()
    scores = list((trained_home.path / "scores").rglob("scores.csv"))
    assert len(scores) == 2
    assert all(IDS[-1].encode() in path.read_bytes() for path in scores)
    assert found_in(scores, OBJECTORS) == set()
    assert any("tensorboard" in str(path) for path in kept)
    assert found_in([said, *server.prefect_home.rglob("*"), *server.logs.glob("*"), *kept]) == set()


def test_the_sender_is_told_by_name(server: Server, trained_home: FlowHome) -> None:
    """The reason next to a rejected extract contains its name, for the sender."""
    plant(trained_home)
    server.flow("score", home=trained_home.path)
    reasons = [path.read_text() for path in (trained_home.path / "rejected").glob("*/reason.txt")]

    assert {value for value in NAMES for reason in reasons if f"'{value}_20" in reason} == set(NAMES[1:])


@pytest.mark.parametrize("pad", range(4))
def test_a_canary_is_found_in_a_pickle_in_base64(pad: int, tmp_path: Path) -> None:
    """The search sees through what Prefect would wrap a result in."""
    kept = tmp_path / "result.json"
    kept.write_bytes(base64.b64encode(pickle.dumps({"x" * pad: CANARIES[7]})))

    assert found_in([kept]) == {("result.json", CANARIES[7])}
