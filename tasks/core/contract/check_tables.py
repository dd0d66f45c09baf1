"""Tables of a contract's answers that do not depend on the data: computed once, then looked up."""

from itertools import product
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandera.pandas import DataFrameSchema

from schemas.columns import ID, NUMBERS
from schemas.quarantine_reasons import RULES
from tasks.core.contract.row_judge import is_of_categories, keeps, range_of
from tasks.core.contract.vocabulary import VOCABULARY

PLAIN_FORMS: Final = ("whole", "decimal", "blank")
"""Forms of plain number cells, in the order of the codes in `scan`."""

Kept = npt.NDArray[np.bool_]


class ContractTables:
    """Results of the checks of one `schema`, whose rules each read a single row; safe to share.

    words: for each category column, (V,) bool: which words of its vocabulary are allowed.
    combinations: for each rule that reads only categories, its columns, and which combinations of their
        words are allowed, one dimension per column.
    ranges: for each number column, the lowest and the highest value allowed, (Q, 2) float64.
    forms: for each number column, (4,) bool: which of `PLAIN_FORMS` are allowed; index -1 is always False.
    id_starts: (256,) bool: first bytes with which an id that is undamaged certainly passes the contract.
    id_octets: id length in bytes that cannot exceed the limit in characters.
    """

    def __init__(self, schema: DataFrameSchema) -> None:
        """Run the checks."""
        self.schema = schema
        self.words = {
            column: keeps_column(schema, column, pd.Series(list(words), dtype="str"))
            for column, words in VOCABULARY.items()
            if column in schema.columns
        }
        self.combinations = [_combinations(check) for check in filter(is_of_categories, schema.checks)]
        self.ranges = np.array([range_of(schema, number) for number in NUMBERS])
        forms = pd.Series(PLAIN_FORMS, dtype="str")
        self.forms = {
            number: np.append(keeps_column(schema, f"{number}_form", forms), [False]) for number in NUMBERS
        }
        self.id_starts = _id_starts(schema)
        # an id has no more characters than octets
        self.id_octets = min(
            int(check.statistics["max_value"])
            for check in schema.columns[ID].checks
            if check.name == "str_length"
        )


def keeps_column(schema: DataFrameSchema, column: str, values: "pd.Series[Any]") -> Kept:
    """Run all checks of a column: (N,) bool."""
    kept = np.ones(len(values), dtype=np.bool_)
    for check in schema.columns[column].checks:
        kept &= keeps(check, values)
    return kept


def _combinations(check: Any) -> tuple[tuple[str, ...], Kept]:
    columns = RULES[str(check.name)].reads
    known = [VOCABULARY[column] for column in columns]
    kept = keeps(check, pd.DataFrame(list(product(*known)), columns=list(columns)))
    return columns, kept.reshape([len(words) for words in known])


def _id_starts(schema: DataFrameSchema) -> Kept:
    """Run the checks of what an id contains on single characters: it passes if its first ASCII one does.

    Its length and damage to it are checked separately.
    """
    checks = {str(check.name): check for check in schema.columns[ID].checks}
    unsupported = checks.keys() - {"str_contains", "str_length", "damaged_id"}
    if unsupported:
        raise AssertionError(f"the id's checks {unsupported} cannot be decided from the first character")
    sure = np.zeros(256, dtype=np.bool_)
    sure[:128] = keeps(checks["str_contains"], pd.Series([chr(octet) for octet in range(128)], dtype="str"))
    return sure
