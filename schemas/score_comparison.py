"""What changed between two bundles' scores for the same extract: counts and sizes only."""

from pydantic import Field

from schemas.closed import Closed


class Movement(Closed):
    """How much two bundles' scores for the same customers differ."""

    customers: int = Field(ge=0)
    flags_raised: int = Field(ge=0, description="Customers flagged now and not before.")
    flags_lowered: int = Field(ge=0, description="Customers flagged before and not now.")
    deciles_moved: int = Field(ge=0, description="Customers in a different decile.")
    mean_absolute_change: float = Field(ge=0, le=1, description="Of the churn probability.")
    p95_absolute_change: float = Field(ge=0, le=1, description="95 % of customers moved by this or less.")
