from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from schemas.config import Locations
from schemas.manifest import Champion
from tasks.core.errors import ConfigError
from tasks.core.operations.clock_guard import refuse_clock_jump
from tasks.core.operations.retention_log import append_log, count_deletions
from tests.harness.deliveries import publish_scores

NEWEST = datetime(2026, 6, 30, 5, tzinfo=UTC)
LIMIT = NEWEST + timedelta(days=35)


def dated(places: Locations, kind: str, at: datetime) -> Champion | None:
    """Give one dated object to the product; return the champion if it is that."""
    if kind == "sweep":
        places.home.mkdir(exist_ok=True)
        append_log(places.retention_log, count_deletions([], at))
    elif kind == "night":
        publish_scores(places.scores, date(2026, 1, 1), f"{at:%Y%m%d%H}000000", at)
    else:
        return Champion(
            sequence=1,
            action="promote",
            bundle_id="b" * 16,
            manifest_sha256="c" * 64,
            previous=None,
            forced=False,
            at=at,
        )
    return None


@pytest.mark.parametrize("kind", ["sweep", "night", "promotion"])
def test_a_clock_that_jumped_is_refused(kind: str, tmp_path: Path) -> None:
    """A time more than 35 days after the newest dated object is refused; the message names both days."""
    places = Locations(home=tmp_path / "home")
    champion = dated(places, kind, NEWEST)
    refuse_clock_jump(places, champion, LIMIT)

    with pytest.raises(ConfigError, match=r"says 2026-08-04, .* on 2026-06-30; .* 35 .*--force") as error:
        refuse_clock_jump(places, champion, LIMIT + timedelta(seconds=1))

    assert error.value.exit_code == 10


@pytest.mark.parametrize("kind", ["night", "promotion"])
def test_only_the_last_sweep_counts_once_there_is_one(kind: str, tmp_path: Path) -> None:
    """Neither nights dated by the clock that jumped nor older nights matter."""
    places = Locations(home=tmp_path / "home")
    dated(places, "sweep", NEWEST)
    champion = dated(places, kind, LIMIT + timedelta(days=100))
    dated(places, "night", NEWEST - timedelta(days=100))

    refuse_clock_jump(places, champion, LIMIT)
    with pytest.raises(ConfigError, match="the last sweep was on 2026-06-30"):
        refuse_clock_jump(places, champion, LIMIT + timedelta(days=100, hours=1))


def test_before_the_first_sweep_the_newest_of_the_others_counts(tmp_path: Path) -> None:
    """One recent object is enough, however old the others are."""
    places = Locations(home=tmp_path / "home")
    dated(places, "night", NEWEST)
    champion = dated(places, "promotion", NEWEST - timedelta(days=365))

    refuse_clock_jump(places, champion, LIMIT)
    with pytest.raises(ConfigError, match="the last night or promotion was on 2026-06-30"):
        refuse_clock_jump(places, champion, LIMIT + timedelta(seconds=1))


@pytest.mark.parametrize("kind", ["sweep", "night", "promotion"])
def test_what_is_dated_later_than_now_does_not_count(kind: str, tmp_path: Path) -> None:
    """Dates in the future neither allow the next jump nor block a corrected clock."""
    places = Locations(home=tmp_path / "home")
    dated(places, "sweep" if kind == "sweep" else "night", NEWEST)
    champion = dated(places, kind, NEWEST + timedelta(days=365))

    refuse_clock_jump(places, champion, LIMIT)
    with pytest.raises(ConfigError, match="on 2026-06-30"):
        refuse_clock_jump(places, champion, LIMIT + timedelta(seconds=1))


def is_refused(places: Locations, champion: Champion | None, now: datetime) -> bool:
    """Tell whether a clock is refused."""
    try:
        refuse_clock_jump(places, champion, now)
    except ConfigError:
        return True
    return False


@pytest.mark.parametrize(
    ("kind", "refused"), [(None, False), ("sweep", True), ("night", True), ("promotion", True)]
)
def test_any_clock_will_do_where_the_product_never_dated_a_thing(
    kind: str | None, refused: bool, tmp_path: Path
) -> None:
    """One dated object of any kind is enough to refuse the same clock."""
    places = Locations(home=tmp_path / "home")
    champion = dated(places, kind, NEWEST) if kind else None

    assert is_refused(places, champion, datetime(2099, 1, 1, tzinfo=UTC)) is refused
