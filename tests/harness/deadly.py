"""A Dask worker loads this to be killed in the middle of a partition: once, whichever worker is first."""

import os
import signal
from pathlib import Path
from typing import Any

from tasks.core import recording


def dask_setup(_worker: Any) -> None:
    """Let the first worker that has written a block die before it can say so."""
    record = recording._record

    def deadly(block: Any, file: Any) -> Any:
        written = record(block, file)
        file.flush()
        try:
            Path(os.environ["CHURN_HOME"], "killed").touch(exist_ok=False)
        except FileExistsError:
            return written
        os.kill(os.getpid(), signal.SIGKILL)
        return written

    recording._record = deadly
