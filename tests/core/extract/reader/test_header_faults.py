"""What a header lacks is said at once, with the likely columns and with what the first rows show."""

from collections.abc import Callable

import pytest

from schemas.columns import CATEGORIES, EXTRACT_ORDER
from schemas.config import IngestConfig
from tasks.core.extract.whole.in_memory import read_extract
from tests.core.extract.reader.test_refusals import refusal

Row = dict[str, str]
Build = Callable[..., bytes]


def test_missing_columns_are_named_at_once(rows: list[Row], build: Build) -> None:
    """One message lists all missing columns, with near matches among those sent."""
    data = build(rows).replace(b"MonthlyCharges", b"MonthlyFees").replace(b"tenure", b"x1")

    message = refusal(data)

    assert "is missing 2 of 21 columns: 'tenure', 'MonthlyCharges' (is it 'MonthlyFees'?)" in message
    assert "ingest.aliases" in message


def test_a_one_hot_extract_is_called_so(rows: list[Row], build: Build) -> None:
    """One-hot columns are not suggested as near matches: the original columns are required."""
    header, _, body = build(rows).partition(b"\n")
    contract = b"Contract_Month-to-month,contract_One year,Contract_Two year"
    encoded = (
        header.replace(b"gender", b"gender_Male").replace(b"Contract", contract).replace(b"tenure", b"x1")
    )

    message = refusal(encoded + b"\n" + body)

    assert "is missing 3 of 21 columns: 'gender' (one-hot), 'tenure', 'Contract' (one-hot). " in message
    assert "one-hot encoded: export the original CRM columns, before the encoding" in message
    assert "is it" not in message
    assert "ingest.aliases" not in message
    one = refusal(header.replace(b"gender", b"gender_Male") + b"\n" + body)
    assert "'gender' (is it 'gender_Male'?)" in one
    averaged = header.replace(b"MonthlyCharges", b"MonthlyCharges_min,MonthlyCharges_max")
    assert "(is it 'MonthlyCharges_m" in refusal(averaged + b"\n" + body)


def test_header_faults(rows: list[Row], build: Build) -> None:
    """A missing header, or a column twice under whatever spelling, is refused; no value is shown."""
    data = build(rows)

    no_header = refusal(data.partition(b"\n")[2])
    assert "has no header" in no_header
    assert "Export it with the 21 column names on the first line, or map" in no_header
    assert "ingest.aliases" in no_header
    assert "Export it with the 20 column names" in refusal(data.partition(b"\n")[2], purpose="scoring")
    assert "0000-AAAAA" not in no_header
    assert "duplicate columns: 'gender'" in refusal(data.replace(b"Partner", b"GENDER", 1))
    wide = (
        data.replace(b"\n", b",Segment,segment\n", 1)
        .replace(b"o\n", b"o,1,2\n")
        .replace(b"Yes\n", b"Yes,1,2\n")
    )
    assert "duplicate columns: 'Segment', 'segment'" in refusal(wide)


def test_a_header_that_holds_values(rows: list[Row], build: Build) -> None:
    """No refusal quotes what is unlikely to be a column's name; it gives the position instead."""
    address = "jean.dupont@example.com"

    order = [*EXTRACT_ORDER, address]
    holding = refusal(build([row | {address: "06 12 34 56 78"} for row in rows], order=order))
    assert "need: column 22 contains phone numbers." in holding
    order = [*EXTRACT_ORDER, "mail 0612345678"]
    named = refusal(build([row | {"mail 0612345678": "x"} for row in rows], order=order))
    assert "need: column 22 by name." in named
    twice = refusal(build(rows).replace(b"\n", f",{address},{address}\n".encode(), 1))
    assert "duplicate columns: column 22, column 23." in twice
    near = refusal(build(rows).replace(b"tenure", b"061 tenure", 1))
    assert "is missing 1 of 21 columns: 'tenure' (is it column 6?)." in near
    for said in (holding, named, twice, near):
        assert "dupont" not in said
        assert "061" not in said


def test_an_unpaired_quote_in_the_header(rows: list[Row], build: Build) -> None:
    """A header that is not a CSV line is refused with its line number and what to do."""
    for data in (b'"' + build(rows), build(rows).replace(b"tenure", b'"ten"ure', 1)):
        assert "the header (line 1) has an unpaired quote" in refusal(data)


def sent(rows: list[Row], names: dict[str, str], **more: str | list[str]) -> list[Row]:
    """Rename columns of the contract, and put others in front."""
    extra = [
        {name: value if isinstance(value, str) else value[n] for name, value in more.items()}
        for n in range(100)
    ]
    return [
        added | {names.get(column, column): cell for column, cell in row.items()}
        for added, row in zip(extra, rows, strict=True)
    ]


def said(rows: list[Row], build: Build, **options: str) -> str:
    """Refuse rows written in their own order."""
    return refusal(build(rows, order=list(rows[0])), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "more", "expected"),
    [
        ({"Contract": "contract_type"}, {"contract_type_id": ["1", "2"] * 50}, "contract_type: Contract"),
        ({"Churn": "Churn Label"}, {"Churn Value": ["1", "0"] * 50}, "Churn Label: Churn"),
        ({"PaymentMethod": "payment_type"}, {"payment_type_id": "3"}, "payment_type: PaymentMethod"),
        ({"PaymentMethod": "zahlart"}, {"payment_id": "3"}, "zahlart: PaymentMethod"),
        (
            {"Partner": "customer_partner", "Dependents": "customer_dependents"},
            {"partner_dependents": "2"},
            "customer_partner: Partner, customer_dependents: Dependents",
        ),
        (
            {"MonthlyCharges": "account_Charges.Monthly", "TotalCharges": "account_Charges.Total"},
            {"account_Charges.Id": "2"},
            "account_Charges.Monthly: MonthlyCharges, account_Charges.Total: TotalCharges",
        ),
        (
            {"MonthlyCharges": "charge", "TotalCharges": "lifetime_charge"},
            {},
            "charge: MonthlyCharges, lifetime_charge: TotalCharges",
        ),
        (
            {"MonthlyCharges": "cargo_mensual", "TotalCharges": "cargo_total", "tenure": "tenure_meses"},
            {"cargo_otro": ["1.5", "9.25"] * 50},
            "tenure_meses: tenure, cargo_mensual: MonthlyCharges, cargo_total: TotalCharges",
        ),
        ({"TotalCharges": "importe"}, {"total_charge_id": "4.5"}, "importe: TotalCharges"),
        ({"customerID": "customer"}, {"customer_code": "A"}, "customer: customerID"),
    ],
)
def test_names_and_values_are_matched_together(
    rows: list[Row], build: Build, names: dict[str, str], more: dict[str, str | list[str]], expected: str
) -> None:
    """A copy in codes is not suggested, and the setting can be copied; with it, the extract is read."""
    table = sent(rows, names, **more)

    message = said(table, build)

    assert message.endswith(f"or map the sender's names in ingest.aliases: {{{expected}}}.")
    for column, name in names.items():
        assert f"'{column}' (is it '{name}'?)" in message
    aliases = dict(pair.split(": ") for pair in expected.split(", "))
    config = IngestConfig(min_training_rows=50, aliases=aliases)
    assert read_extract(build(table, order=list(table[0])), "x", "training", config).counts.accepted == 100


def test_charges_that_cannot_be_told_apart_are_not_suggested(rows: list[Row], build: Build) -> None:
    """Without the tenure, or with customers of the first months alone, either may be the other."""
    new = [row | {"tenure": "1", "TotalCharges": row["MonthlyCharges"]} for row in rows]
    names = {"MonthlyCharges": "charge", "TotalCharges": "lifetime_charge"}

    for message in (
        said(sent(rows, names | {"tenure": "antig"}), build),
        said(sent(new, names), build),
    ):
        assert "in ingest.aliases." in message
        assert "is it" not in message
    one = said(sent(new, {"MonthlyCharges": "monthly_charge"}), build)
    assert "ingest.aliases: {monthly_charge: MonthlyCharges}" in one


def test_a_code_column_alone_is_suggested_as_such(rows: list[Row], build: Build) -> None:
    """It is named with what else it needs, and left out of the setting."""
    table = [{key: "1" if key == "Churn Value" else cell for key, cell in row.items()}
             for row in sent(rows, {"Churn": "Churn Value"})]  # fmt: skip

    message = said(table, build)

    assert "(1) It is missing 1 of 21 columns: 'Churn' (is it 'Churn Value', with other values?)." in message
    assert (
        "in ingest.aliases. (2) It uses unknown values in most of the first 100 rows: 'Churn' expects"
        in message
    )


@pytest.mark.parametrize("name", ["Telefon", "Telephone", "Kunde Telefono", "Téléphone"])
def test_a_telephone_of_yes_and_no_is_the_phone_service(rows: list[Row], build: Build, name: str) -> None:
    """Who has a telephone is not personal; a number is, and no service."""
    flagged = said(sent(rows, {"PhoneService": name}), build)

    assert f"'PhoneService' (is it '{name}'?)" in flagged
    assert f"ingest.aliases: {{{name}: PhoneService}}" in flagged
    assert "personal" not in flagged
    numbers = ["+33 6 12 34 56 78", "n/a"] * 50
    listed = said(sent([_without(row, "PhoneService") for row in rows], {}, **{name: numbers}), build)
    assert f"'{name}' by name" in listed
    assert f"{name}: PhoneService" not in listed
    called = said(sent([_without(row, "PhoneService") for row in rows], {}, Phone=numbers), build)
    assert "(is it 'Phone', with other values?)" in called
    assert "'Phone' by name" in called


def _without(row: Row, column: str) -> Row:
    return {key: cell for key, cell in row.items() if key != column}


def test_a_column_is_suggested_once(rows: list[Row], build: Build) -> None:
    """Of two missing columns only the nearer one gets it."""
    table = [{key: cell for key, cell in row.items() if key != "Dependents"} for row in rows]

    message = said(sent(table, {"Partner": "partner_dependents"}), build)

    assert message.count("is it 'partner_dependents'") == 1


@pytest.mark.parametrize("spelling", [str, str.lower, lambda name: name.replace(" ", "_")])
def test_one_hot_parts_are_told_from_aliases(
    rows: list[Row], build: Build, spelling: Callable[[str], str]
) -> None:
    """A part is named after a value, or has zeros and ones only."""
    parts = {spelling(f"Contract_{value}"): ["1", "0"] * 50 for value in CATEGORIES["Contract"]}
    table = sent([{k: c for k, c in row.items() if k != "Contract"} for row in rows], {}, **parts)
    short = sent(
        [{k: c for k, c in row.items() if k != "Contract"} for row in rows],
        {},
        Contract_M=["1", "0"] * 50,
        Contract_Y=["0", "1"] * 50,
    )

    for each in (table, short):
        assert "'Contract' (one-hot). The extract is one-hot encoded" in said(each, build)


def test_all_that_the_first_rows_show_is_said_at_once(rows: list[Row], build: Build) -> None:
    """Missing and personal columns, unknown values and bad numbers are one round trip, without values."""
    spoilt = [row | {"Partner": "Oui", "MonthlyCharges": "29,85"} for row in rows]
    table = sent(spoilt, {"tenure": "anciennete"}, contact="a.b@example.com")

    message = said(table, build, purpose="scoring")

    assert message == (
        "extract 'made-up.csv' has 4 faults."
        " (1) It is missing 1 of 20 columns: 'tenure'. Export them, or map the sender's names in"
        " ingest.aliases. (2) It contains personal data that scoring does not need: 'contact' contains e-mail"
        " addresses. Export it without these columns, or list false positives in"
        " ingest.allow_personal_columns. (3) It uses unknown values in most of the first 100 rows: 'Partner'"
        " expects 'No', 'Yes'. Export these values, or map the sender's in ingest.value_maps."
        " (4) 100 of the first 100 rows have decimal_comma in 'MonthlyCharges'. The number has a decimal"
        " comma. Export numbers with a point and no thousands separators, such as 29.85."
    )


def test_a_first_line_of_other_names(rows: list[Row], build: Build) -> None:
    """Columns with the contract's own values give the beginning of the setting."""
    table = sent(rows, {column: f"Colonne {chr(97 + n)}" for n, column in enumerate(EXTRACT_ORDER)})

    assert said(table, build).endswith(
        "in ingest.aliases: {Colonne b: gender, Colonne i: InternetService, Colonne p: Contract,"
        " Colonne r: PaymentMethod}."
    )


def test_a_first_line_of_values_is_never_shown(rows: list[Row], build: Build) -> None:
    """Not as a name, not as a duplicate, not beside personal data: columns are called by their place."""
    lines = [row | {"who": "Mary Smith", "town": "Paris", "home": "Paris", "mail": f"m{n}@example.com"}
             for n, row in enumerate(rows)]  # fmt: skip
    lines[0] |= {"mail": "John Doe", "Contract": "Weekly deal"}
    data = build(lines, order=list(lines[0])).split(b"\n", 1)[1]

    message = refusal(data)

    assert "(1) It has no header" in message
    assert "column 25 contains e-mail addresses" in message
    assert not any(
        value in message
        for value in ("Mary", "Paris", "John", "Weekly", "Female", "example.com", "0000-A", "'No'")
    )


@pytest.mark.parametrize("word", ["Contract", "Partner", "churn"])
def test_a_value_that_is_also_a_name_makes_no_header(rows: list[Row], build: Build, word: str) -> None:
    """A first line with more values than names of the contract is no header, and none of them is shown."""
    lines = [row | {"who": "Customer Ida", "name": "Dupont", "born": "Dupont", "why": word} for row in rows]
    without_numbers = [
        row | dict.fromkeys(("SeniorCitizen", "tenure", "MonthlyCharges", "TotalCharges"), "")
        for row in lines
    ]

    for table in (lines, without_numbers):
        message = refusal(build(table, order=list(lines[0])).split(b"\n", 1)[1])

        assert "has no header: its first line contains values." in message
        assert not any(value in message for value in ("Ida", "Dupont", "Female", "check"))


@pytest.mark.parametrize(
    "line",
    [
        "tenure,Muster,Muster,Berlin",
        "Muster,Partner,Berlin,Contract",
        "Male,Muster,Contract,Partner,Churn,Muster,Yes,No",
        "gender,Partner,churn,Muster,12,50.5,Yes",
        "Berlin,tenure,Partner,Contract,Berlin,Muster,Muster,Muster,Muster,Muster",
    ],
)
def test_a_short_first_line_of_values_is_not_shown_either(line: str) -> None:
    """One or two names of the contract make no header, nor do more if there are as many values."""
    below = line.replace("Muster", "Male").replace("Contract", "Two year")
    for data in (line, "\n".join([line, *[below] * 20])):
        message = refusal(data.encode())

        assert "has no header" in message
        assert not any(value in message for value in ("Muster", "Berlin", "Male:"))


def test_a_first_line_with_one_name_is_called_so(rows: list[Row], build: Build) -> None:
    """The file's other names may be right ones; those that the values below tell are offered."""
    table = sent(rows, {column: f"Colonne {chr(97 + n)}" for n, column in enumerate(EXTRACT_ORDER) if n})

    message = said(table, build)

    assert "its first line contains only 1 column name from the contract. Export" in message
    assert "{Colonne b: gender, Colonne i: InternetService" in message


def test_a_table_joined_with_itself_has_a_header(rows: list[Row], build: Build) -> None:
    """Names that are there twice are duplicates, however many they are."""
    data = b"\n".join(line + b"," + line for line in build(rows).splitlines())

    assert "has duplicate columns: 'Churn', 'Contract', 'Dependents'" in refusal(data)


@pytest.mark.parametrize("count", [30, 1_000])
def test_many_columns_fit_on_a_screen(rows: list[Row], build: Build, count: int) -> None:
    """Long lists are cut, and the rest is counted; a name that is a text is called by its place."""
    letters = "abcdefghij"
    more = {f"E-Mail {''.join(letters[int(each)] for each in f'{n:03}')}": "x" for n in range(count)}
    table = sent(rows, {"tenure": "anciennete"}, **more, **{"t" * 300_000: "1"})

    message = said(table, build)

    assert f" and {count - 20} more." in message
    assert len(message) < 1_920
