"""Stage the trained network as the files that would run."""

import shutil

from schemas.preprocessing import Spec
from tasks.core.bundle import Staged, open_staged
from tasks.core.files import make_folder
from tasks.core.run import Run
from tasks.core.steps import log, step
from tasks.core.training import staging
from tasks.core.training.network import Network


@step("stage")
def stage(network: Network, spec: Spec, run: Run) -> Staged:
    """Write the candidate's files into the run's folder and read them back."""
    shutil.rmtree(run.staged, ignore_errors=True)
    staging.stage(
        make_folder(run.staged),
        network=network,
        spec=spec,
    )
    staged = open_staged(run.staged)
    log.info("staged: model.onnx has %d bytes", len(staged.onnx))
    return staged
