import numpy as np

from schemas.config import IngestConfig
from tasks.core.contract.accepted import Accepted
from tasks.core.contract.customer_ids import fold
from tasks.core.contract.objections import KeptObjections, ListedObjections, fingerprint
from tasks.core.contract.parse import parse_cells
from tests.harness.customers import make_customers

KEY = b"a key"


def accepted(count: int) -> Accepted:
    """Return customers as the engine has them."""
    frame = make_customers(count).drop(columns="Churn").astype("str").fillna("")
    cells = {column: frame[column].tolist() for column in frame}
    return Accepted.of(parse_cells([*range(2, count + 2)], cells, IngestConfig()))


def test_who_objected_is_found_by_list_and_by_fingerprint() -> None:
    """Both ways find the same customers, however their ids are written on the list."""
    customers = accepted(50)
    ids = [customers.text_of_id(row) for row in range(50)]
    listed = [fold(f" {each.lower()}") for each in ids[::7]] + ["nobody"]
    kept = KeptObjections(b"".join(fingerprint(KEY, each) for each in listed), KEY)
    expected = [row % 7 == 0 for row in range(50)]

    for objections in (ListedObjections(listed), kept):
        assert objections.among(customers).tolist() == expected
        assert objections.of_texts(ids).tolist() == expected
        assert len(objections) == len(listed)


def test_with_another_key_nobody_is_recognised() -> None:
    """A fingerprint without its key names nobody."""
    kept = KeptObjections(fingerprint(KEY, "0000-aaaab"), b"another key")

    assert not np.any(kept.of_texts(["0000-AAAAB"]))
