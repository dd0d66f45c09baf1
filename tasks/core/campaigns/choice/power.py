"""What a control group can show, before the campaign starts: a two-sided 5 % test of two shares.

Source: Chow, Shao, Wang and Lokhnygina, "Sample Size Calculations in Clinical Research", chapter 4;
Fleiss, Levin and Paik, "Statistical Methods for Rates and Proportions", section 4.2. The normal
approximation, with the pooled variance where nothing changes and the separate variances where something does,
and without a continuity correction. statsmodels computes the same as `power_proportions_2indep` and
`samplesize_proportions_2indep_onetail`.
"""

import math
from statistics import NormalDist
from typing import Final

from schemas.campaign_files import Power
from tasks.core.intervals import Z_95

WANTED_POWER: Final = 0.8
RELATIVE_EFFECT: Final = 0.2
_NORMAL: Final = NormalDist()
_MOST: Final = 1e10
"""Contacts beyond which an effect counts as impossible to detect: more than there are people."""
_BISECTIONS: Final = 60
"""Halvings of an interval of at most 1, which leave it at the resolution of a float."""


def power_of(drop: float, control_churn: float, contacts: int, controls: int) -> float:
    """Return the probability of detecting that `drop` fewer of the contacts leave, as a share of them.

    `drop` lies between 0 and `control_churn`, which is above 0; both groups have customers. A significant
    difference in the wrong direction counts as detected, as in every two-sided test; its probability
    is negligible.
    """
    null, alternative = _deviations(drop, control_churn, controls / contacts)
    shift = drop * math.sqrt(contacts)
    if alternative == 0:  # everybody or nobody leaves, in both groups
        return float(shift > Z_95 * null)
    upper = _NORMAL.cdf((shift - Z_95 * null) / alternative)
    return upper + _NORMAL.cdf((-shift - Z_95 * null) / alternative)


def smallest_drop(control_churn: float, contacts: int, controls: int) -> float | None:
    """Return the smallest drop that is detected with 80 % power, or None if even a drop to zero is not."""
    low, high = 0.0, control_churn
    if power_of(high, control_churn, contacts, controls) < WANTED_POWER:
        return None
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if power_of(middle, control_churn, contacts, controls) < WANTED_POWER:
            low = middle
        else:
            high = middle
    return high


def customers_needed(drop: float, control_churn: float, control_share: float) -> int | None:
    """Return how many contacts and controls together detect a drop with 80 % power; None if billions do not.

    `control_share` lies between 0 and 1, both excluded. Only the tail on the side of the drop is counted,
    which makes the formula explicit; for a drop of up to half, the other one adds less than .001.
    """
    null, alternative = _deviations(drop, control_churn, control_share / (1 - control_share))
    margin = Z_95 * null + _NORMAL.inv_cdf(WANTED_POWER) * alternative
    if margin > drop * math.sqrt(_MOST):
        return None
    return math.ceil((margin / drop) ** 2 / (1 - control_share))


def plan_power(contacts: int, controls: int, control_churn: float | None, control_share: float) -> Power:
    """Describe what two groups of these sizes can show if `control_churn` of the control group leaves.

    Whatever cannot be computed is None: `control_churn` is None if there is nobody, and 0 leaves nothing to
    lower; a group may be empty; without a control group (`control_share` 0), no number of customers suffices.
    """
    measurable = control_churn is not None and control_churn > 0
    churn = control_churn or 0.0
    drop = RELATIVE_EFFECT * churn
    both = measurable and contacts > 0 and controls > 0
    return Power(
        contacts=contacts,
        controls=controls,
        control_churn=control_churn,
        smallest_effect=smallest_drop(churn, contacts, controls) if both else None,
        relative_effect=RELATIVE_EFFECT,
        power=min(1.0, power_of(drop, churn, contacts, controls)) if both else None,
        customers_needed=(
            customers_needed(drop, churn, control_share) if measurable and control_share > 0 else None
        ),
    )


def _deviations(drop: float, control_churn: float, ratio: float) -> tuple[float, float]:
    """Return the standard deviations of a difference, times the root of the contacts: equal shares, and not.

    `ratio` is controls per contact.
    """
    contacted = control_churn - drop
    pooled = (contacted + control_churn * ratio) / (1 + ratio)
    null = pooled * (1 - pooled) * (1 + 1 / ratio)
    alternative = contacted * (1 - contacted) + control_churn * (1 - control_churn) / ratio
    return math.sqrt(max(null, 0.0)), math.sqrt(max(alternative, 0.0))
