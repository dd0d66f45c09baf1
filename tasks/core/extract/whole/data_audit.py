"""Describe an extract in counts, shares and ranges, from which no customer can be identified."""

import pandas as pd

from schemas.columns import CATEGORIES, FEATURES, NUMBERS, POSITIVE, TARGET
from schemas.disclosure import SMALLEST_CELL
from schemas.reports import ColumnAudit, DataAudit, ValueAudit
from tasks.core.extract.whole.in_memory import Extract


def audit(extract: Extract) -> DataAudit:
    """Describe the accepted customers column by column, and the quarantine by reason."""
    customers = extract.customers
    labelled = TARGET in customers
    churn = customers[TARGET] == POSITIVE if labelled else None
    return DataAudit(
        rows=extract.counts,
        simulated=extract.simulated,
        churn_share=float(churn.mean()) if churn is not None and len(customers) else None,
        ignored_columns=extract.ignored_columns,
        quarantined_by_reason=dict(sorted(extract.quarantine["reason"].value_counts().items())),
        columns={column: _audit_column(customers[column], churn) for column in FEATURES},
    )


def _audit_column(cells: "pd.Series", churn: "pd.Series[bool] | None") -> ColumnAudit:
    name = str(cells.name)
    is_number = name in NUMBERS
    filled = cells.dropna()
    return ColumnAudit(
        count=len(filled),
        blanks=len(cells) - len(filled),
        distinct=filled.nunique(),
        low=float(filled.min()) if is_number and len(filled) else None,
        high=float(filled.max()) if is_number and len(filled) else None,
        values={}
        if is_number
        else {value: _audit_value(cells == value, churn) for value in CATEGORIES[name]},
    )


def _audit_value(here: "pd.Series[bool]", churn: "pd.Series[bool] | None") -> ValueAudit:
    count = int(here.sum())
    share = float(churn[here].mean()) if churn is not None and count >= SMALLEST_CELL else None
    return ValueAudit(count=count, churn_share=share)
