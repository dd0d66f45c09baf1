"""Pin the champion once and score accepted customers by it."""

from pathlib import Path

import pandas as pd
from prefect.logging import get_run_logger

from tasks.core import registry as registering
from tasks.core.bundle import Bundle
from tasks.core.errors import BundleError, RegistryError
from tasks.core.extract.reading import Extract
from tasks.step import step


@step(name="pin-champion")
def pin_champion(registry: Path) -> Bundle:
    """Open the champion, verify every hash and prove it on its own examples.

    Raises:
        RegistryError: there is no champion, or its pointer cannot be read.
        BundleError: the bundle is not as sealed, or scores its examples differently.
    """
    bundle = registering.open_champion(registry)
    if bundle is None:
        raise RegistryError("there is no champion to score with. Train one: python flows/train_flow.py.")
    bundle.scorer()
    logger = get_run_logger()
    logger.info("champion: bundle %s (gate: %s)", bundle.manifest.bundle_id, bundle.manifest.gate.outcome)
    if bundle.manifest.simulated:
        logger.warning("The champion learnt from SIMULATED customers.")
    return bundle


@step(name="score")
def score(extract: Extract, champion: Bundle, *, force: bool) -> pd.DataFrame:
    """Score an extract's accepted customers, in order.

    Raises:
        BundleError: a simulated champion would score real customers and `force` is not given,
            or a probability is not a number within 0 and 1.
    """
    if champion.manifest.simulated and not extract.simulated and not force:
        raise BundleError(
            f"the champion '{champion.manifest.bundle_id}' learnt from simulated customers and says nothing"
            " about real ones. Train on a real extract first, or insist with --force."
        )
    return champion.scorer().score(extract.customers)
