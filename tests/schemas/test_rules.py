import pandas as pd
import pandera.pandas as pa
import pytest

from schemas.extract import ScoringExtract
from schemas.quarantine_reasons import RULES

CHECKS = [check for check in ScoringExtract.to_schema().checks if check.name != "conflicting_id"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_rule_reads_the_columns_it_names(check: pa.Check) -> None:
    """Each rule of one row is listed with its columns, and a frame of no others is enough for it."""
    columns = RULES[check.name].reads
    numbers = {column: [1.0] for column in columns}
    frame = pd.DataFrame(numbers | {column: ["whole"] for column in columns if column.endswith("_form")})

    assert check(frame).check_passed
    for column in columns:
        with pytest.raises(KeyError, match=column):
            check(frame.drop(columns=column))
