"""Choose the customers that each member of an ensemble is stopped on and not trained on."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import TARGET
from tasks.core.errors import ExtractError
from tasks.core.training.data.split import Parts


def stopping_folds(parts: Parts, members: int) -> list[npt.NDArray[np.bool_]]:
    """Hold back one fold of training and validation, in this order, for each member.

    A single member holds back the validation part. With several, member m holds back every
    `members`-th customer of each class in the order of the split's hash: each customer is held back
    exactly once, and the row order of the extract does not matter.

    Returns:
        One mask per member, (N_training + N_validation,) bool.

    Raises:
        ExtractError: A class has fewer customers than there are members.
    """
    outcome = pd.concat([parts.training[TARGET], parts.validation[TARGET]], ignore_index=True)
    if members == 1:
        return [np.arange(len(outcome)) >= len(parts.training)]
    fewest = int(outcome.value_counts().min())
    if fewest < members:
        raise ExtractError(
            f"column {TARGET!r}: each of {members} networks needs customers with both outcomes to stop on; "
            f"one outcome has only {fewest}. Send an extract with more of them, or lower fit.members."
        )
    fold = outcome.groupby(outcome).cumcount().to_numpy() % members
    return [fold == m for m in range(members)]
