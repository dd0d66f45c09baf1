import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.contract.customer_ids import FoldedIds, IdTable, fold

IDS = st.text(st.sampled_from("aAbBzZ19-_ \tÉéßKKı\u00a0\u200b\ufeff"), max_size=20)


def find(table: IdTable, texts: list[str]) -> list[int]:
    """Look ids up as arrays."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    octets = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    return table.find(octets, np.stack([ends[:-1], ends[1:]], axis=1)).tolist()


@settings(deadline=None)  # the first call compiles
@given(st.lists(IDS, max_size=40), st.lists(IDS, max_size=40))
def test_customers_are_found_whatever_case_and_blanks(listed: list[str], asked: list[str]) -> None:
    """As a dictionary of folded ids finds them, the first of equal ones, ASCII or not."""
    table = IdTable(FoldedIds([[*map(fold, listed[:3])], [*map(fold, listed[3:])]]))
    first = {fold(text): place for place, text in reversed([*enumerate(listed)])}
    expected = [first.get(fold(text), -1) for text in [*asked, *listed]]

    assert find(table, [*asked, *listed]) == expected
    assert [table.find_text(text) for text in [*asked, *listed]] == expected
    assert len(table) == len(first)


def test_what_differs_only_in_case_or_blanks_is_one_customer() -> None:
    """As CRM and call centre write the same id."""
    table = IdTable(FoldedIds([[fold("0000-aaaab"), fold("Client Été 1")]]))

    asked = [" 0000 -AAAAB\t", "client été1", "0000-AAAA", "0000-AAAABX"]
    assert find(table, asked) == [0, 1, -1, -1]
    unseen = ["\ufeff0000-aaaab", "0000-aaaab\u00a0", "\u200b0000-\u2003aaaab", "client\u00a0été 1"]
    assert find(table, unseen) == [0, 0, 0, 1]


def test_a_table_survives_the_way_to_a_worker() -> None:
    """It finds the same customers there."""
    table = pickle.loads(pickle.dumps(IdTable(FoldedIds([["a", "b", "é"]]))))  # noqa: S301 our own

    assert find(table, ["B", "É", "c"]) == [1, 2, -1]
