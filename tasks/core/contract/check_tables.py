"""What a contract's checks say of everything known before an extract is read: asked once, looked up."""

from itertools import product
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandera.pandas import DataFrameSchema

from schemas.columns import ID, NUMBERS
from schemas.quarantine_reasons import RULES
from tasks.core.contract.row_judge import is_of_categories, keeps
from tasks.core.contract.vocabulary import VOCABULARY

PLAIN_FORMS: Final = ("whole", "decimal", "blank")
"""Forms of number cells that are written plainly, in the order of `scanning`'s codes."""

Kept = npt.NDArray[np.bool_]


class ContractTables:
    """Answers of the checks of one `schema`, whose rules read one row each; threads may share them.

    words: of each category column's vocabulary, (V,), which words it may hold.
    combinations: of each rule that reads categories only, its columns, and which combinations of their
        words keep it, a dimension a column.
    forms: of each number column, (4,), which of `PLAIN_FORMS` it may have; the last, of code -1, is none.
    id_starts: (256,), with which octets an id may begin that then surely keeps the contract.
    id_octets: up to how many octets an id surely is short enough.
    """

    def __init__(self, schema: DataFrameSchema) -> None:
        """Ask the checks."""
        self.schema = schema
        self.words = {
            column: keeps_column(schema, column, pd.Series(list(words), dtype="str"))
            for column, words in VOCABULARY.items()
            if column in schema.columns
        }
        self.combinations = [_combinations(check) for check in filter(is_of_categories, schema.checks)]
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
    """Ask all of a column's own checks: (N,) bool."""
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
    """Ask the id's checks about first characters: what an ASCII one keeps, the whole id keeps.

    That holds for checks of what a text contains; its length is looked at beside them.
    """
    strange = {check.name for check in schema.columns[ID].checks} - {"str_contains", "str_length"}
    if strange:
        raise AssertionError(f"the id's checks {strange} cannot be asked about first characters")
    sure = np.zeros(256, dtype=np.bool_)
    sure[:128] = keeps_column(schema, ID, pd.Series([chr(octet) for octet in range(128)], dtype="str"))
    return sure
