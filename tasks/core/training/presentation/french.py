"""Write numbers, shares and the contract's names as a French reader expects them.

Source: Imprimerie nationale, "Lexique des règles typographiques": decimal comma, a narrow no-break
space between thousands and before tall punctuation, a no-break space before a colon or a per cent.
"""

import re
from collections.abc import Callable
from typing import Final

from schemas.columns import NO_INTERNET, NO_PHONE, NUMBERS
from schemas.measures import Measure

_NARROW: Final = "\u202f"
_SPACE: Final = "\u00a0"
_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_YES_NO: Final = {"No": "non", "Yes": "oui", NO_INTERNET: "sans internet", NO_PHONE: "sans téléphone"}

COLUMNS: Final = {
    "gender": "genre",
    "SeniorCitizen": "client senior",
    "Partner": "vie en couple",
    "Dependents": "personnes à charge",
    "tenure": "ancienneté",
    "PhoneService": "téléphone",
    "MultipleLines": "lignes multiples",
    "InternetService": "offre internet",
    "OnlineSecurity": "sécurité en ligne",
    "OnlineBackup": "sauvegarde en ligne",
    "DeviceProtection": "protection d'appareil",
    "TechSupport": "assistance technique",
    "StreamingTV": "télévision",
    "StreamingMovies": "films",
    "Contract": "contrat",
    "PaperlessBilling": "facture sans papier",
    "PaymentMethod": "moyen de paiement",
    "MonthlyCharges": "facture mensuelle",
    "TotalCharges": "total facturé",
}
"""Every column that the model may see."""

VALUES: Final[dict[str, dict[str, str]]] = {
    "gender": {"Female": "femmes", "Male": "hommes"},
    "SeniorCitizen": {"0": "non-seniors", "1": "seniors"},
    "InternetService": {"DSL": "ADSL", "Fiber optic": "fibre", "No": "aucune"},
    "Contract": {"Month-to-month": "mensuel", "One year": "un an", "Two year": "deux ans"},
    "PaymentMethod": {
        "Bank transfer (automatic)": "virement automatique",
        "Credit card (automatic)": "carte automatique",
        "Electronic check": "chèque électronique",
        "Mailed check": "chèque postal",
    },
}
"""Values of the columns that have others than yes and no."""


def whole(count: int) -> str:
    """Write a count: 7 043."""
    return f"{count:,}".replace(",", _NARROW)


def decimal(value: float, digits: int = 3) -> str:
    """Write a number: 0,851; a minus sign is one."""
    return f"{value:.{digits}f}".replace(".", ",").replace("-", "\u2212")


def signed(value: float, digits: int = 3) -> str:
    """Write a difference: +0,002, or with a minus sign."""
    return ("+" if value >= 0 else "") + decimal(value, digits)


def percent(share: float, digits: int = 0) -> str:
    """Write a share: 26,5 %."""
    return f"{decimal(100 * share, digits)}{_SPACE}%"


def power_of_ten(value: float) -> str:
    """Write a very small number: 1,2 · 10⁻⁷."""
    mantissa, exponent = f"{value:.1e}".split("e")
    power = str(int(exponent)).translate(_SUPERSCRIPTS)
    return f"{mantissa.replace('.', ',')}{_SPACE}·{_SPACE}10{power}"


def interval(measure: Measure, digits: int = 3, write: Callable[[float, int], str] = decimal) -> str:
    """Write a measure with its 95 % interval: 0,851 [0,829 ; 0,872]."""
    if measure.value is None:
        return "non mesurable"
    if measure.low is None or measure.high is None:
        return write(measure.value, digits)
    return f"{write(measure.value, digits)} [{write(measure.low, digits)} ; {write(measure.high, digits)}]"


def share(measure: Measure) -> str:
    """Write a share that may be of too few customers to be shown: 71 %."""
    return "trop peu de clients" if measure.value is None else percent(measure.value)


def value_of(column: str, value: str) -> str:
    """Name a value of a column: mensuel, oui, 72 mois."""
    if column in NUMBERS:
        number = f"{float(value):g}".replace(".", ",")
        return f"{number}{_SPACE}mois" if column == "tenure" else number
    return VALUES.get(column, _YES_NO).get(value, value)


def typeset(text: str) -> str:
    """Put typographic apostrophes, and no-break spaces where a line must not end."""
    text = text.replace("'", "\u2019").replace("« ", f"«{_SPACE}").replace(" »", f"{_SPACE}»")
    text = re.sub(r"(\d) (?=[a-zé])", rf"\1{_SPACE}", text)  # a number stays with what it counts
    text = re.sub(r"([+=]) (?=\d)", rf"\1{_SPACE}", text)
    text = re.sub(r" ([:%])", rf"{_SPACE}\1", text)
    return re.sub(r" ([;!?])", rf"{_NARROW}\1", text)
