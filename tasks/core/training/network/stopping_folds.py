"""Say which customers each member of an ensemble is stopped on, and does not learn from."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import TARGET
from tasks.core.errors import ExtractError
from tasks.core.training.data.split import Split


def stopping_folds(parts: Split, members: int) -> list[npt.NDArray[np.bool_]]:
    """Hold back one part of training and validation, in this order, for each member.

    A single member holds back the validation part. Of more, member m holds back every
    `members`-th customer of each class, by the hash that ordered the parts: each customer is held
    back exactly once, and the row order of the extract does not matter.

    Returns:
        A mask a member, (N_training + N_validation,) bool.

    Raises:
        ExtractError: A class has fewer customers than there are members.
    """
    outcome = pd.concat([parts.training[TARGET], parts.validation[TARGET]], ignore_index=True)
    if members == 1:
        return [np.arange(len(outcome)) >= len(parts.training)]
    fewest = int(outcome.value_counts().min())
    if fewest < members:
        raise ExtractError(
            f"column {TARGET!r}: each of {members} networks must be stopped on customers of both outcomes; "
            f"got {fewest} of one. Send an extract with more of them, or lower fit.members."
        )
    fold = outcome.groupby(outcome).cumcount().to_numpy() % members
    return [fold == m for m in range(members)]
