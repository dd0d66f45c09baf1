"""Split customers and fit the encoding on the training part alone."""

import pandas as pd
from prefect.logging import get_run_logger

from schemas.config import EncodingConfig, SplitConfig
from schemas.preprocessing import Spec
from tasks.core.training import encoding
from tasks.core.training import split as splitting
from tasks.core.training.split import Split
from tasks.step import step


@step(name="split")
def split(customers: pd.DataFrame, config: SplitConfig) -> Split:
    """Cut the customers into training, validation and holdout, by class and by a hash of their ids."""
    parts = splitting.split(customers, config)
    get_run_logger().info(
        "split: %d to learn from, %d to validate, %d held out",
        len(parts.training),
        len(parts.validation),
        len(parts.holdout),
    )
    return parts


@step(name="fit-spec")
def fit_spec(parts: Split, config: EncodingConfig) -> Spec:
    """Fit the preprocessing spec on the training part."""
    spec = encoding.fit_spec(parts.training, config)
    get_run_logger().info("spec: %d columns become %d inputs", len(spec.encodings), len(spec.feature_names))
    return spec
