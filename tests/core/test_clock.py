from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from schemas.config import Locations
from schemas.manifest import Champion
from tasks.core.clock import refuse_jump
from tasks.core.errors import ConfigError
from tasks.core.proof import prove, write_proof
from tests.harness.deliveries import publish_scores

NEWEST = datetime(2026, 6, 30, 5, tzinfo=UTC)
LIMIT = NEWEST + timedelta(days=35)


def dated(places: Locations, kind: str, at: datetime) -> Champion | None:
    """Let the product have dated one thing; give the champion where it is that."""
    if kind == "sweep":
        places.home.mkdir(exist_ok=True)
        write_proof(places.retention_log, prove([], at))
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
    """A moment more than 35 days after the newest dated thing is refused; the line names both days."""
    places = Locations(home=tmp_path / "home")
    champion = dated(places, kind, NEWEST)
    refuse_jump(places, champion, LIMIT)

    with pytest.raises(ConfigError, match=r"says 2026-08-04, .* on 2026-06-30; .* 35 .*--force") as error:
        refuse_jump(places, champion, LIMIT + timedelta(seconds=1))

    assert error.value.exit_code == 10


@pytest.mark.parametrize("newest", ["sweep", "night", "promotion"])
def test_the_newest_of_all_counts(newest: str, tmp_path: Path) -> None:
    """One thing of lately is enough, however old the others are."""
    places = Locations(home=tmp_path / "home")
    old = NEWEST - timedelta(days=365)
    kinds = ("sweep", "night", "promotion")
    champions = [dated(places, kind, NEWEST if kind == newest else old) for kind in kinds]

    refuse_jump(places, champions[-1], LIMIT)
    with pytest.raises(ConfigError):
        refuse_jump(places, champions[-1], LIMIT + timedelta(seconds=1))


def test_a_home_without_dates_is_swept(tmp_path: Path) -> None:
    """Where the product never dated a thing, any clock will do."""
    refuse_jump(Locations(home=tmp_path), None, datetime(2099, 1, 1, tzinfo=UTC))
