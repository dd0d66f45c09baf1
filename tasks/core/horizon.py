"""Word a horizon, and compare what two models predict; None is the horizon of a bundle sealed without one."""

from schemas.horizon import Horizon


def horizon_text(horizon: Horizon | None) -> str:
    """Word a horizon: `60 days (declared)`, `30 days (assumed)` or `not declared`."""
    if horizon is None:
        return "not declared"
    return f"{horizon.days} day{'s' if horizon.days > 1 else ''} ({horizon.source})"


def is_declared(horizon: Horizon | None) -> bool:
    """Whether the operator declared it."""
    return horizon is not None and horizon.source == "declared"


def are_comparable(first: Horizon | None, second: Horizon | None) -> bool:
    """Whether two models may be compared: not if both horizons are declared and differ."""
    return not (is_declared(first) and is_declared(second)) or first == second


def is_newly_declared(candidate: Horizon | None, champion: Horizon | None) -> bool:
    """Whether the candidate declares a horizon that the champion does not."""
    return is_declared(candidate) and candidate != champion
