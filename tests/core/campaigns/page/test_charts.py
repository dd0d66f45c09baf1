import re
from itertools import pairwise
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.campaign_files import CurvePoint, GroupShare
from tasks.core.campaigns.language import Language
from tasks.core.campaigns.page.charts import CurveText, bar, curve, strip, ticks
from tests.harness.campaigns import share_of

TEXT = CurveText(title="a < b", description='"d"', x="x", y="y", cut="<end>")
profits = st.floats(-1e6, 1e9)


def coordinates(svg: str) -> list[tuple[float, float]]:
    """Read the points of the curve."""
    (points,) = re.findall('points="([^"]*)"', svg)
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in points.split())]


AMOUNTS = st.integers(-(10**15), 10**15).map(lambda millionths: millionths / 1e6)
"""Sums of money, as they are added up."""


@given(low=AMOUNTS, span=AMOUNTS.map(abs))
def test_ticks_enclose_both_values(low: float, span: float) -> None:
    """Whole numbers, equally far apart, few enough to be read."""
    found = ticks(low, low + span)

    assert found[0] <= low
    assert found[-1] >= low + span
    assert 2 <= len(found) <= 8
    assert all(tick == round(tick) for tick in found)
    assert len({round(after - before) for before, after in pairwise(found)}) == 1


def test_ticks_are_round() -> None:
    """As people count."""
    assert ticks(0, 1_512) == [0, 500, 1_000, 1_500, 2_000]
    assert ticks(-3, 7) == [-4, -2, 0, 2, 4, 6, 8]
    assert ticks(0, 0) == [0, 1]


@given(st.lists(st.tuples(st.integers(0, 10**7), profits), min_size=1), st.integers(0, 10**7), profits)
def test_the_curve_stays_in_its_frame(points: list[tuple[int, float]], contacts: int, profit: float) -> None:
    """Whatever the profits, negative ones and a single point too; it is valid and says what it shows."""
    drawn = [CurvePoint(contacts=n, profit=each) for n, each in sorted(points)]
    svg = curve(drawn, CurvePoint(contacts=contacts, profit=profit), Language("fr"), TEXT)
    tree = fromstring(svg)  # noqa: S314 we have just drawn it

    assert [each.text for each in tree if each.tag in {"title", "desc"}] == ["a < b", '"d"']
    assert tree.attrib["role"] == "img"
    assert len(coordinates(svg)) == len(drawn)
    assert all(72 <= x <= 488 and 30 <= y <= 232 for x, y in coordinates(svg))
    (dot,) = [each.attrib for each in tree if each.tag == "circle"]
    assert 72 <= float(dot["cx"]) <= 488
    assert 30 <= float(dot["cy"]) <= 232


def test_the_curve_is_drawn_to_scale() -> None:
    """Halfway in contacts and profit is halfway on the drawing, and the cut is where the list ends."""
    drawn = [CurvePoint(contacts=n, profit=10.0 * n) for n in (0, 500, 1_000)]
    svg = curve(drawn, CurvePoint(contacts=500, profit=5_000), Language("en"), TEXT)

    assert coordinates(svg) == [(72, 232), (280, 131), (488, 30)]
    assert '<circle class="dot" cx="280.0" cy="131.0"' in svg
    assert ">10,000</text>" in svg


@pytest.mark.parametrize(("share", "width"), [(0, "0.00"), (0.372, "37.20"), (1, "100.00"), (2, "100.00")])
def test_a_bar_is_as_long_as_its_share(share: float, width: str) -> None:
    """And hidden from screen readers, which have the number."""
    svg = bar(share, "list")

    assert f'width="{width}"' in svg
    assert 'aria-hidden="true"' in svg


def test_a_strip_shows_three_shares_with_their_intervals() -> None:
    """From 0 to 100 %; nobody has no share."""
    full = GroupShare(
        column="gender",
        value="Male",
        everybody=share_of(50, 100),
        eligible=share_of(5, 10),
        contacts=share_of(0, 0),
    )
    svg = strip(full, "<half>")

    assert "<title>&lt;half&gt;</title>" in svg
    assert re.findall('<circle class="([a-z]+)" cx="([0-9.]+)"', svg) == [
        ("all", "100.0"),
        ("eligible", "100.0"),
    ]
    assert '<line class="all" x1="80.8" x2="119.2"' in svg
