from itertools import combinations

import pytest

from tasks.core.training.presentation.deck import Deck
from tasks.core.training.presentation.layout import (
    HEIGHT,
    INDENT,
    WIDTH,
    Box,
    Element,
    Fill,
    Image,
    Text,
    measure,
    place,
)


@pytest.fixture(params=range(1, 11))
def placed(request: pytest.FixtureRequest, simulated_deck: Deck) -> tuple[Element, ...]:
    """Each slide's elements; those of simulated customers have one more."""
    return place(simulated_deck, request.param)


def overlap(one: Box, other: Box) -> bool:
    """Tell whether two boxes share more than a hair's breadth."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return across > 0.001 and down > 0.001


def test_no_text_overflows(placed: tuple[Element, ...]) -> None:
    """Measured letter by letter, every line fits its box, and so do all lines together."""
    for text in (each for each in placed if isinstance(each, Text)):
        width = text.width - (INDENT if text.bullets else 0)
        widest = max(measure(line, text.size, bold=text.bold) for lines in text.lines for line in lines)
        assert widest <= width, text.paragraphs
        assert text.needed <= text.height, text.paragraphs


def test_all_lies_on_the_slide(placed: tuple[Element, ...]) -> None:
    """No picture and no text reaches over an edge."""
    for each in placed:
        assert each.x >= 0
        assert each.y >= 0
        assert each.x + each.width <= WIDTH
        assert each.y + each.height <= HEIGHT


def test_nothing_covers_another(placed: tuple[Element, ...]) -> None:
    """Text and pictures keep clear of each other; only a coloured field may lie behind text."""
    inked = [each for each in placed if not isinstance(each, Fill)]

    assert [pair for pair in combinations(inked, 2) if overlap(*pair)] == []


def test_one_title_one_list_one_picture(placed: tuple[Element, ...]) -> None:
    """Every slide has what a reader, or a screen reader, looks for."""
    texts = [each for each in placed if isinstance(each, Text)]

    assert sum(text.title for text in texts) == 1
    assert sum(text.bullets for text in texts) == 1
    assert sum(isinstance(each, Image) for each in placed) == 1
    assert min(text.size for text in texts if text.bullets) >= 16


def test_a_title_leaves_no_word_alone() -> None:
    """The lines of a title are as alike in length as its words allow; running text fills its lines."""
    words = ("Repérer les clients qui vont partir avant leur décision",)
    box = {"x": 0, "y": 0, "width": 5.6, "height": 1, "paragraphs": words, "size": 20}
    title, running = (Text(**box, title=title).lines[0] for title in (True, False))

    assert len(title) == len(running)
    assert min(map(len, title)) > 1.5 * min(map(len, running))


def test_no_break_spaces_hold() -> None:
    """A line never breaks inside a number or before its sign."""
    text = Text(x=0, y=0, width=0.8, height=3, paragraphs=("un taux de 7\u202f043 ou 26,5\u00a0%",), size=20)

    assert {"7\u202f043", "26,5\u00a0%"} <= set(text.lines[0])
