from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks.core.errors import PublishError
from tasks.core.scores import comparison
from tasks.core.scores.comparison import compare


def write(folder: Path, probability: list[float], *, threshold: float = 0.5, prefix: str = "C") -> Path:
    """Write scores of customers with these probabilities."""
    folder.mkdir()
    table = pd.DataFrame({"customerID": [f"{prefix}{number}" for number in range(len(probability))]})
    table["churn_probability"] = [f"{each:.6f}" for each in probability]
    table["churn_flag"] = [int(each >= threshold) for each in probability]
    table["decile"] = [10 - int(min(each, 0.999) * 10) for each in probability]
    table["risk_band"] = "low"
    table.to_csv(folder / "scores.csv", index=False)
    return folder


@pytest.mark.parametrize("rows", [7, 200_000])
def test_what_moved_is_counted(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags, deciles and changes do not depend on the chunk size."""
    monkeypatch.setattr(comparison, "_ROWS", rows)
    rng = np.random.default_rng(1)
    old = rng.random(101).round(6)
    new = np.clip(old + rng.normal(0, 0.2, 101), 0, 1).round(6)
    moved = compare(write(tmp_path / "old", list(old)), write(tmp_path / "new", list(new)))
    change = np.abs(new - old)

    assert moved.customers == 101
    assert moved.flags_raised == ((new >= 0.5) & (old < 0.5)).sum()
    assert moved.flags_lowered == ((new < 0.5) & (old >= 0.5)).sum()
    assert moved.flags_raised != moved.flags_lowered
    assert moved.deciles_moved == (np.minimum(old, 0.999) * 10 // 1 != np.minimum(new, 0.999) * 10 // 1).sum()
    assert moved.mean_absolute_change == pytest.approx(change.mean(), abs=1e-9)
    assert moved.p95_absolute_change == pytest.approx(np.sort(change)[int(np.ceil(0.95 * 101)) - 1], abs=1e-9)


def test_the_same_scores_have_not_moved(tmp_path: Path) -> None:
    """Equal scores have no changes, and no customers cause no division by zero."""
    for probability in ([0.25, 0.75], []):
        folder = write(tmp_path / str(len(probability)), probability)
        moved = compare(folder, folder)
        assert moved.model_dump() == {"customers": len(probability)} | dict.fromkeys(
            ("flags_raised", "flags_lowered", "deciles_moved", "mean_absolute_change", "p95_absolute_change"),
            0,
        )


@pytest.mark.parametrize(("count", "prefix"), [(2, "C"), (4, "C"), (3, "D")])
def test_other_customers_are_not_compared(
    count: int, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer, more or other customers are refused without naming one."""
    monkeypatch.setattr(comparison, "_ROWS", 1)
    old = write(tmp_path / "old", [0.1, 0.2, 0.3])
    new = write(tmp_path / "new", [0.1] * count, prefix=prefix)

    with pytest.raises(PublishError, match="'old' and 'new' cover different customers") as error:
        compare(old, new)
    assert "C0" not in str(error.value)


@pytest.mark.parametrize("rows", [1, 2, 5, 200_000])
def test_who_objected_in_between_is_not_compared(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only customers in both count, wherever the chunks end; the order of the extract is all they share."""
    monkeypatch.setattr(comparison, "_ROWS", rows)
    rng = np.random.default_rng(2)
    probability = rng.random(60).round(6)
    kept = {name: rng.random(60) < share for name, share in (("old", 0.9), ("new", 0.6))}
    folders = [write(tmp_path / name, list(probability)) for name in kept]
    for folder, those in zip(folders, kept.values(), strict=True):
        table = pd.read_csv(folder / "scores.csv", dtype="str")
        table[those].to_csv(folder / "scores.csv", index=False)

    moved = compare(*folders, same_customers=False)

    assert moved.customers == (kept["old"] & kept["new"]).sum()
    assert moved.mean_absolute_change == 0
    with pytest.raises(PublishError, match="different customers"):
        compare(*folders)
