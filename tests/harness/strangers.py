"""Extracts as unknown senders would write them; all customers are made up."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Final

import pandas as pd

from schemas.columns import CATEGORIES, FEATURES, ID, NUMBERS, TARGET
from tests.harness.customers import make_customers

ROWS: Final = 300
_GERMAN: Final = {
    "Yes": "Ja",
    "No": "Nein",
    "Month-to-month": "Monatlich",
    "One year": "Ein Jahr",
    "Female": "Frau",
}
_FRENCH: Final = {
    "customerID": "identifiant",
    "tenure": "ancienneté",
    "Contract": "contrat",
    "gender": "sexe",
}


def _table() -> pd.DataFrame:
    """Make customers with text cells, blanks as the CRM writes them."""
    customers = make_customers(ROWS)
    text = customers.astype(object).where(customers.notna(), " ")
    text["tenure"] = customers["tenure"].astype(int)
    return text.astype(str)


def _csv(table: pd.DataFrame, **options: object) -> bytes:
    return table.to_csv(index=False, **options).encode()  # type: ignore[call-overload, no-any-return]


def _excel_in_french() -> bytes:
    table = _table()
    for number in ("MonthlyCharges", "TotalCharges"):
        table[number] = table[number].str.replace(".", ",")
    return _csv(table, sep=";", lineterminator="\r\n")


def _workbook() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as book:
        book.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    return packed.getvalue()


def _printed_report() -> bytes:
    head, *lines = _csv(_table()).splitlines()
    pages = [line for start in range(0, ROWS, 100) for line in (head, *lines[start : start + 100])]
    return b"\n".join([*pages, b"Total: 300 customers"])


def _one_hot() -> bytes:
    return _csv(pd.get_dummies(_table(), columns=[*CATEGORIES]))


def _scientific_ids() -> bytes:
    return _csv(_table().assign(customerID="7.59E+15"))


def _thousands() -> bytes:
    table = _table()
    return _csv(
        table.assign(
            TotalCharges=[f"{float(cell):,.2f}" if cell.strip() else cell for cell in table["TotalCharges"]]
        )
    )


def _json_lines() -> bytes:
    return "\n".join(json.dumps(row) for row in _table().to_dict("records")).encode()


STRANGERS: Final[dict[str, Callable[[], bytes]]] = {
    "excel, saved as CSV UTF-8": lambda: b"\xef\xbb\xbf" + _csv(_table(), lineterminator="\r\n"),
    "excel in French": _excel_in_french,
    "excel, saved as Unicode text": lambda: _csv(_table(), sep="\t").decode().encode("utf-16"),
    "excel workbook": _workbook,
    "database, tab-separated": lambda: _csv(_table(), sep="\t"),
    "database, pipe-separated": lambda: _csv(_table(), sep="|"),
    "everything quoted": lambda: _csv(_table(), quoting=1),
    "German values": lambda: _csv(_table().replace(_GERMAN)),
    "French headers": lambda: _csv(_table().rename(columns=_FRENCH)),
    "upper case everywhere": lambda: _csv(_table()).upper(),
    "True and False": lambda: _csv(_table().replace({"Yes": "True", "No": "False"})),
    "SeniorCitizen as Yes and No": lambda: _csv(_table().assign(SeniorCitizen="No")),
    "pandas index in front": lambda: _table().to_csv().encode(),
    "sorted by label": lambda: _csv(_table().sort_values(TARGET)),
    "one-hot": _one_hot,
    "ids in scientific notation": _scientific_ids,
    "no ids": lambda: _csv(_table().assign(customerID="")),
    "thousands separated": _thousands,
    "blanks around numbers": lambda: _csv(
        _table().assign(MonthlyCharges=lambda table: " " + table["MonthlyCharges"] + " ")
    ),
    "currency signs": lambda: _csv(_table().assign(MonthlyCharges="€29.85")),
    "tenure in years": lambda: _csv(_table().assign(tenure="2.5")),
    "a model's output": lambda: _csv(_table()[[ID]].assign(churn_probability="0.4")),
    "a slice without header": lambda: b"\n".join(_csv(_table()).splitlines()[5:25]),
    "three columns only": lambda: _csv(_table()[[ID, *NUMBERS[:2]]]),
    "a printed report": _printed_report,
    "names and e-mail addresses": lambda: _csv(
        _table().assign(contact=[f"p{i}@example.org" for i in range(ROWS)])
    ),
    "transposed": lambda: _table().set_index(ID).T.to_csv().encode(),
    "JSON lines": _json_lines,
    "web page": lambda: b"<html><body><table><tr><td>customerID</td></tr></table></body></html>",
    "empty": lambda: b"",
    "header only": lambda: _csv(_table().head(0)),
    "nulls spelled out": lambda: _csv(_table().replace({" ": "NULL"})),
    "features only": lambda: _csv(_table()[[*FEATURES]]),
}
