"""Search hyper-parameters before training, if requested."""

from dataclasses import replace

import yaml

from tasks.core.steps import log, step
from tasks.core.storage.atomic import make_folder, replace_file
from tasks.core.training.data.split import Split
from tasks.core.training.network.training_board import TrainingBoard
from tasks.core.training.search import TrialLog, search_settings
from tasks.core.training_run import Run


@step("search")
def search(parts: Split, run: Run) -> Run:
    """Run the requested number of trials; return the run with the best trial's configuration.

    With no trials requested, nothing happens. After an interruption, the run's study is resumed.
    """
    trials = run.order.search
    if trials == 0:
        return run
    with TrainingBoard(run.tensorboard) as board:

        def on_trial(trial: TrialLog) -> None:
            board.log_trial(trial.number, trial.parameters, trial.roc_auc)
            log.info(
                "trial %d/%d: %s, best so far %s",
                trial.number,
                trials,
                "pruned" if trial.roc_auc is None else f"validation ROC-AUC {trial.roc_auc:.4f}",
                "none" if trial.best_roc_auc is None else f"{trial.best_roc_auc:.4f}",
            )

        config = search_settings(
            parts, run.order.config, trials=trials, folder=make_folder(run.search), on_trial=on_trial
        )
    # The search has seen the outcomes that outer folds would hold out: only the holdout is left to judge on.
    evaluation = config.evaluation.model_copy(update={"folds": 0})
    config = config.model_copy(update={"evaluation": evaluation})
    found = config.model_dump(
        mode="json", include={"outcome": True, "encoding": True, "fit": True, "evaluation": {"folds"}}
    )
    replace_file(run.found, yaml.safe_dump(found, sort_keys=False).encode())
    log.info("found by the search, for --config: %s", run.found)
    log.info("judged on the holdout alone, as the search has seen the other customers' outcomes")
    return replace(run, order=run.order.model_copy(update={"config": config}))
