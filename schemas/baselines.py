"""Names of the simple models that a candidate is compared with, as evaluation.json has them."""

from typing import Final

LOGISTIC_REGRESSION: Final = "logistic regression"
SPLINES: Final = "logistic regression with splines"
DECISION_TREE: Final = "decision tree"
