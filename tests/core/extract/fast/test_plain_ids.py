"""What the compiled pass is certain of is what the rule says."""

import random
from itertools import product

import numpy as np
import pytest

from schemas.customer_ids import is_damaged
from tasks.core.extract.fast.plain_ids import are_plain
from tests.schemas.test_customer_ids import DAMAGED, LEGAL

PIECES = (
    "", "1", "01", "31", "123", "2026", "12345", "E", "e5", "E11", "Mar", "MAR", "mars", "sept", "AB", "NULL",
    "nan", "VHVEG", "-", "/", "_", ".", "+", ".0", "0", "T",
)  # fmt: skip


def plain(ids: list[str]) -> list[bool]:
    """Ask the compiled pass about ids in one buffer."""
    ends = np.cumsum([0, *(len(each.encode()) for each in ids)])
    bounds = np.stack([ends[:-1], ends[1:]], axis=1)
    octets = np.frombuffer("".join(ids).encode("utf-8", "surrogatepass"), dtype=np.uint8)
    return are_plain(octets, bounds).tolist()


def test_a_damaged_id_is_never_plain() -> None:
    """Neither a known one nor any that is put together from pieces of them."""
    made = ["".join(pieces) for pieces in product(PIECES, repeat=4)]
    made += [f"+{each}" for each in made]
    made += ["".join(pieces) for pieces in product(("1", "03", "2026", "Mar", "janv", "-", "/"), repeat=5)]
    ids = [sent for kinds in DAMAGED.values() for sent in kinds] + made

    assert [sent for sent, sure in zip(ids, plain(ids), strict=True) if sure and is_damaged(sent)] == []


def test_no_random_id_is_plain_and_damaged() -> None:
    """Random short ids over the letters, digits and signs of dates and numbers."""
    dice = random.Random(0)  # noqa: S311
    ids = ["".join(dice.choices("0123Marsept-/._Ee+", k=dice.randint(1, 11))) for _ in range(200_000)]

    assert [sent for sent, sure in zip(ids, plain(ids), strict=True) if sure and is_damaged(sent)] == []


@pytest.mark.parametrize(
    "sent",
    ["ABC-12", "+33612345678", "0000-AAAAA", "SIM-0000001", "455000000001", "C0001", "AB-12", "1234-5678",
     "550e8400-e29b-41d4-a716-446655440000", "12345e67", "-5"],
)  # fmt: skip
def test_common_ids_are_plain(sent: str) -> None:
    """Ids as CRMs issue them are never judged one by one, which takes longer."""
    assert plain([sent]) == [True]


def test_legal_ids_need_not_be_plain() -> None:
    """The pass leaves what it is not certain of; nothing is decided there."""
    assert 0 < sum(plain(LEGAL)) < len(LEGAL)
