"""A million fresh customers of the simulator, whose true churn probabilities judge a fitted model."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline

from schemas.columns import CATEGORIES, ID, NUMBERS, TARGET
from schemas.preprocessing import Spec
from tasks.core.bundle.encoder import encode
from tasks.core.simulator.customer_frame import simulated_id
from tasks.core.simulator.parameters import PARAMETERS
from tasks.core.simulator.population import Population, populate

CUSTOMERS = 1_000_000
SEED = 2**31
"""The fresh customers' seed; a draw's are its number."""

Floats = npt.NDArray[np.float64]


def as_frame(population: Population) -> pd.DataFrame:
    """Give a population the columns and types of accepted customers."""
    columns: dict[str, object] = {
        column: pd.Categorical.from_codes(codes, list(CATEGORIES[column])).astype(str)
        for column, codes in population.codes.items()
    }
    columns[ID] = [simulated_id(population.start + i) for i in range(len(population.tenure))]
    columns |= dict(zip(NUMBERS, _numbers(population), strict=True))
    columns[TARGET] = np.where(population.churned, "Yes", "No")
    return pd.DataFrame(columns)


def _numbers(population: Population) -> list[Floats]:
    total = np.where(population.tenure, population.total * PARAMETERS.charges.step, np.nan)
    found = {
        "tenure": population.tenure.astype(np.float64),
        "MonthlyCharges": population.monthly * PARAMETERS.charges.step,
        "TotalCharges": total,
    }
    return [found[number] for number in NUMBERS]


class FreshCustomers:
    """Customers that no draw has seen; their outcome counts by its true probability, not by one toss."""

    def __init__(self) -> None:
        """Simulate them, and sort their numbers once."""
        self.population = populate(0, CUSTOMERS, SEED, {})
        self._values = [
            np.unique(np.nan_to_num(each), return_inverse=True) for each in _numbers(self.population)
        ]

    def roc_auc(self, scores: npt.NDArray[np.floating]) -> float:
        """Compute the expected ROC-AUC of (N,) scores, N = `CUSTOMERS`, over all tosses of the outcomes."""
        churn = self.population.probability[np.argsort(scores)]
        stay = 1 - churn
        below = np.cumsum(stay) - stay / 2
        return float(churn @ below / (churn.sum() * stay.sum()))

    def regression_logits(self, pipeline: Pipeline) -> npt.NDArray[np.float32]:
        """Compute a baseline regression's logits, (N,), as a sum over columns: each value counts once."""
        columns, regression = pipeline[0], pipeline[-1]
        one_hot = columns.named_transformers_["categories"]
        weights = regression.coef_[0]
        logits = np.full(CUSTOMERS, regression.intercept_[0], dtype=np.float32)
        start = 0
        for column, known in zip(CATEGORIES, one_hot.categories_, strict=True):
            of_value = dict(zip(known.tolist(), weights[start : start + len(known)], strict=True))
            start += len(known)
            table = np.array([of_value.get(value, 0.0) for value in CATEGORIES[column]], dtype=np.float32)
            logits += table[self.population.codes[column]]
        of_numbers = columns.named_transformers_["numbers"]
        share = (len(weights) - start) // len(NUMBERS)
        for i, (distinct, inverse) in enumerate(self._values):
            padded = np.zeros((len(distinct), len(NUMBERS)))
            padded[:, i] = distinct
            found = of_numbers.transform(pd.DataFrame(padded, columns=list(NUMBERS)))
            first = i * share
            table = found[:, first : first + share] @ weights[start + first : start + first + share]
            logits += table.astype(np.float32)[inverse]
        return logits

    def encode(self, spec: Spec) -> npt.NDArray[np.float32]:
        """Encode them, (N, F), with each column's distinct values encoded once by the product."""
        one = as_frame(populate(0, 1, SEED, {}))
        pieces = []
        for encoding in spec.encodings:
            column = encoding.column
            if column in NUMBERS:
                distinct, places = self._values[NUMBERS.index(column)]
            else:
                distinct, places = np.array(CATEGORIES[column], dtype=object), self.population.codes[column]
            frame = one.loc[[0] * len(distinct)].assign(**{column: distinct})
            first = sum(len(each.feature_names) for each in spec.encodings[: len(pieces)])
            table = encode(frame, spec)[:, first : first + len(encoding.feature_names)]
            pieces.append(table[places])
        return np.hstack(pieces)
