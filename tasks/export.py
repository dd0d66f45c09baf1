"""Stage the trained network as the files that will run in service."""

import shutil
from dataclasses import replace

from schemas.preprocessing import Spec
from tasks.core.bundle.bundle_files import Staged, open_staged
from tasks.core.steps import log, step
from tasks.core.storage.atomic import make_folder
from tasks.core.training.export.graph import export
from tasks.core.training.export.staging import stage_bundle
from tasks.core.training.network.ensemble import Network
from tasks.core.training_run import Run


@step("stage")
def stage(network: Network, spec: Spec, run: Run) -> Staged:
    """Write the candidate's files into the run's folder and read them back."""
    shutil.rmtree(run.staged, ignore_errors=True)
    stage_bundle(
        make_folder(run.staged),
        network=network,
        spec=spec,
    )
    staged = open_staged(run.staged)
    if network.student is not None:
        staged = replace(staged, teacher=export(network.teacher, network.platt, spec))
    log.info("staged: model.onnx is %d bytes", len(staged.onnx))
    return staged
