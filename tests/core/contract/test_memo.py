import tracemalloc

from tasks.core.contract.memo import MOST_OCTETS, CellTexts, Memory


class Asked:
    """Answers with the length of the first text, and records the questions."""

    def __init__(self) -> None:
        self.times: list[set[CellTexts]] = []

    def __call__(self, texts: list[CellTexts]) -> list[int]:
        """Answer about each."""
        self.times.append(set(texts))
        return [len(each[0]) for each in texts]


def test_nothing_is_asked_twice() -> None:
    """Answers are in the order of the questions, and only new texts are asked about."""
    asked = Asked()
    memory = Memory(asked)

    assert memory([("a",), ("bb",), ("a",)]) == [1, 2, 1]
    assert memory([("bb",), ("ccc",)]) == [2, 3]
    assert asked.times == [{("a",), ("bb",)}, {("ccc",)}]


def test_memory_is_bounded() -> None:
    """If answers need too much memory, the cache is emptied, and answers stay correct."""
    asked = Asked()
    memory = Memory(asked)
    half = "x" * (MOST_OCTETS // 2)
    memory([("a",), (half,)])

    assert memory([("a",), (half + "y",)]) == [1, len(half) + 1]
    assert asked.times[-1] == {("a",), (half + "y",)}
    assert memory([("a",)]) == [1]
    assert len(asked.times) == 2

    memory([(half * 3,)])
    memory([(half * 3,)])
    assert len(asked.times) == 4, "what is too long to be remembered is asked about each time"
    assert memory([("a",)]) == [1]
    assert len(asked.times) == 4, "and makes nothing else forgotten"


def test_memory_is_bounded_by_what_short_texts_really_take() -> None:
    """Many short new texts empty the cache in time: Python's overhead per text is counted."""
    memory: Memory[int] = Memory(lambda texts: [len(each[0]) for each in texts])
    tracemalloc.start()
    for batch in range(60):
        memory([(f"{batch * 1_000 + i:x}",) for i in range(1_000)])
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak > MOST_OCTETS / 4, "that something is remembered is what is tried"
    assert kept < 2 * MOST_OCTETS
