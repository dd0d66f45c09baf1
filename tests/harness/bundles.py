"""More sealed bundles, made from the champion's files without another training."""

import shutil
from typing import Any

from schemas.closed import to_json
from schemas.cut_points import DECILES, CutPoints
from schemas.manifest import MANIFEST
from schemas.reports import GateCheck, GateDecision
from tasks.core.bundle.bundle_files import CUT_POINTS, EVALUATION, Bundle, bundle_id, open_bundle, seal
from tasks.core.storage.atomic import replace_file
from tasks.core.storage.seals import seal_files
from tests.harness.home import Home

REFUSED = GateDecision(
    outcome="refused",
    checks=(
        GateCheck(name="headline", kind="block", observed="poor", bound="better", verdict="fail"),
        GateCheck(name="parity", kind="block", observed="close", bound="close", verdict="pass"),
    ),
    switched_off=(),
    promotes=False,
)


def seal_another(home: Home, *, cut_at: float = 1.0, **judged: Any) -> Bundle:
    """Seal the champion's model with a single cut point, and with the `judged` changes to its evaluation.

    Who reaches it is flagged and in the first decile; whoever else is in the last one.
    """
    champion = home.champion
    assert champion is not None
    bundles = home.registry / "bundles"
    stage = shutil.copytree(bundles / champion.manifest.bundle_id, home.registry / "another")
    cut_points = CutPoints(threshold=cut_at, deciles=(cut_at,) * (DECILES - 1), high=cut_at, medium=cut_at)
    evaluation = champion.evaluation.model_copy(update=judged)
    replace_file(stage / CUT_POINTS, to_json(cut_points))
    replace_file(stage / EVALUATION, to_json(evaluation))
    (stage / MANIFEST).unlink()
    files = seal_files(stage)
    changes = {
        "bundle_id": bundle_id(files),
        "files": files,
        "gate": evaluation.gate,
        "horizon": evaluation.horizon,
        "metrics": evaluation.measures,
        "simulated": evaluation.simulated,
    }
    return open_bundle(seal(stage, bundles, champion.manifest.model_copy(update=changes)))
