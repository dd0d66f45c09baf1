"""Write out what the list says of each contact, and who belongs to which group."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from schemas.campaign_files import CALL_COLUMNS, MEASUREMENT_COLUMNS, Proposal
from schemas.columns import CATEGORIES, NUMBERS
from schemas.contacts import BASES, CHANNELS
from schemas.scores import REASON_CODES
from tasks.core.campaigns.choice.details import Details
from tasks.core.campaigns.choice.published_scores import BANDS
from tasks.core.campaigns.choice.selection import Selected
from tasks.core.contract.check_tables import PLAIN_FORMS

_REASONS_SHOWN: Final = 2
_CATEGORIES: Final = tuple(CATEGORIES)
_WHOLE, _BLANK = PLAIN_FORMS.index("whole"), PLAIN_FORMS.index("blank")


def call_rows(selected: Selected, proposal: Proposal) -> Iterator[pd.DataFrame]:
    """Yield the rows of the list in batches, best first, with the columns CALL_COLUMNS."""
    campaign, done = proposal.campaign, 0
    for details, ids in selected.contacts():
        size = len(ids)
        reasons = [_reasons(detail) for detail in details]
        rows: dict[str, object] = {
            "campaign_id": campaign.id,
            "customerID": ids,
            "priority": np.arange(done + 1, done + size + 1),
            "decile": details["decile"],
            "risk_band": [BANDS[code] for code in details["band"].tolist()],
            **{f"reason_{i + 1}": [each[i] for each in reasons] for i in range(_REASONS_SHOWN)},
            "suggested_action": campaign.offer,
            "monthly_value": details["numbers"][:, NUMBERS.index("MonthlyCharges")],
            "expected_value": details["profit"],
            **{channel: (details["bases"][:, i] >= 0).astype(int) for i, channel in enumerate(CHANNELS)},
            "basis": [
                BASES[code] if code >= 0 else ""
                for code in details["bases"][:, CHANNELS.index(campaign.channel)].tolist()
            ],
            "model_version": proposal.scores.bundle_id,
            "scored_on": proposal.as_of,
            "valid_until": campaign.validity.last_day,
            "adviser_decision": "",
        }
        yield pd.DataFrame(rows, columns=list(CALL_COLUMNS))
        done += size


def measurement_rows(selected: Selected) -> Iterator[pd.DataFrame]:
    """Yield who is contact and who is control, and their buckets, in the order of the extract."""
    for details, ids, is_control in selected.everyone():
        groups = np.where(is_control, "control", "contact")
        yield pd.DataFrame(dict(zip(MEASUREMENT_COLUMNS, (ids, groups, details["bucket"]), strict=True)))


def _reasons(detail: Details) -> list[str]:
    """Write a customer's first reasons with the customer's own values; empty where nothing is."""
    names = [REASON_CODES[code] for code in detail["reasons"][:_REASONS_SHOWN].tolist()]
    return [name and f"{name}={_value(detail, name)}" for name in names]


def _value(detail: Details, column: str) -> str:
    if column in CATEGORIES:
        return CATEGORIES[column][int(detail["codes"][_CATEGORIES.index(column)])]
    place = NUMBERS.index(column)
    form, number = int(detail["forms"][place]), float(detail["numbers"][place])
    if form == _BLANK:
        return ""
    return str(int(number)) if form == _WHOLE else str(np.format_float_positional(number, trim="-"))
