"""Parse number cells strictly: what is no plain number becomes NaN, and its form says why."""

from typing import Final

import numpy as np
import pandas as pd

_WHOLE: Final = r"-?[0-9]+(?:\.0+)?"
_DECIMAL: Final = r"-?[0-9]+\.[0-9]+"
_DECIMAL_COMMA: Final = r"-?[0-9]{1,3}(?:[., ]?[0-9]{3})*,[0-9]+"
_INFINITE: Final = r"(?i:[+-]?inf(?:inity)?)"
_BLANK: Final = r"[ \t]*"


def parse_numbers(cells: "pd.Series[str]", *, blank_words: tuple[str, ...] = ()) -> pd.DataFrame:
    """Parse number cells, (N,) text, into columns `value` (float64) and `form` (str).

    `form` is one of `whole`, `decimal`, `blank`, `infinite`, `decimal comma`, `text`. Only plain
    ASCII digits with an optional sign and point are numbers: no exponent, no separator of
    thousands, nothing guessed. `blank_words` are read as blank.
    """
    distinct = pd.Series(cells.unique(), dtype="str")
    form = pd.Series("text", index=distinct.index, dtype="str")
    for name, pattern in (
        ("infinite", _INFINITE),
        ("decimal comma", _DECIMAL_COMMA),
        ("decimal", _DECIMAL),
        ("whole", _WHOLE),
        ("blank", _BLANK),
    ):
        form[distinct.str.fullmatch(pattern)] = name
    form[distinct.isin(blank_words)] = "blank"
    value = distinct.where(form.isin(("whole", "decimal")), "nan").astype("float64")
    too_long = np.isinf(value)
    form[too_long], value[too_long] = "infinite", np.nan
    codes = pd.Index(distinct).get_indexer(pd.Index(cells))
    return pd.DataFrame(
        {"value": value.to_numpy()[codes], "form": form.astype("str").array[codes]}, index=cells.index
    )
