"""Split customers and fit the encoding on the training part only."""

import pandas as pd

from schemas.config import EncodingConfig, SplitConfig
from schemas.preprocessing import Spec
from tasks.core.steps import log, step
from tasks.core.training.data import fit_encoder
from tasks.core.training.data.split import Split, split_customers


@step("split")
def split(customers: pd.DataFrame, config: SplitConfig) -> Split:
    """Split the customers into training, validation and holdout, by class and by a hash of their ids."""
    parts = split_customers(customers, config)
    log.info(
        "split: %d for training, %d for validation, %d for the holdout",
        len(parts.training),
        len(parts.validation),
        len(parts.holdout),
    )
    return parts


@step("fit-spec")
def fit_spec(parts: Split, config: EncodingConfig) -> Spec:
    """Fit the preprocessing spec on the training part."""
    spec = fit_encoder.fit_spec(parts.training, config)
    log.info("spec: %d columns become %d inputs", len(spec.encodings), len(spec.feature_names))
    return spec
