"""Search hyper-parameters before the training, if asked for."""

from dataclasses import replace

import yaml
from prefect.logging import get_run_logger

from tasks.core.files import make_folder, replace_file
from tasks.core.run import Run
from tasks.core.training import search as searching
from tasks.core.training.search import TrialLog
from tasks.core.training.split import Split
from tasks.core.training.tensorboard import TrainingBoard
from tasks.step import step


@step(name="search")
def search(parts: Split, run: Run) -> Run:
    """Run the ordered number of trials; give the run with the best one's configuration.

    Without an order nothing happens. Interrupted, it goes on with the run's study.
    """
    trials = run.order.search
    if trials == 0:
        return run
    logger = get_run_logger()
    with TrainingBoard(run.tensorboard) as board:

        def on_trial(log: TrialLog) -> None:
            board.log_trial(log.number, log.parameters, log.roc_auc)
            logger.info(
                "trial %d/%d: %s, best so far %s",
                log.number,
                trials,
                "pruned" if log.roc_auc is None else f"validation ROC-AUC {log.roc_auc:.4f}",
                "none" if log.best_roc_auc is None else f"{log.best_roc_auc:.4f}",
            )

        config = searching.search(
            parts, run.order.config, trials=trials, folder=make_folder(run.search), on_trial=on_trial
        )
    found = config.model_dump(mode="json", include={"encoding", "fit"})
    replace_file(run.found, yaml.safe_dump(found, sort_keys=False).encode())
    logger.info("found by the search, for --config: %s", run.found)
    return replace(run, order=run.order.model_copy(update={"config": config}))
