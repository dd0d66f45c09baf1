import bz2
import gzip
import lzma
from collections.abc import Callable

import pytest

from schemas.columns import CATEGORIES, EXTRACT_ORDER
from schemas.config import IngestConfig
from tasks.core.contract.personal_data import is_personal_name
from tasks.core.errors import ExtractError
from tasks.core.extract.whole.in_memory import read_extract

Row = dict[str, str]
Build = Callable[..., bytes]

HEADER = ",".join(EXTRACT_ORDER).encode()


def refusal(data: bytes, config: IngestConfig | None = None, purpose: str = "training") -> str:
    """Read an extract that must be refused; return the message."""
    with pytest.raises(ExtractError) as error:
        read_extract(data, "made-up.csv", purpose, config or IngestConfig(min_training_rows=50))  # type: ignore[arg-type]
    message = str(error.value)
    assert message.startswith("extract 'made-up.csv'")
    assert "\n" not in message
    assert error.value.exit_code == 20
    return message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n", "is empty"),
        (HEADER + b"\n", "has a header but no customers"),
        (HEADER + b"\n,,,,\n" + b"," * 20, "has a header but no customers"),
        (b",,,,\n", "has no header"),
        (b";;;;\r\n;;;;\r\n", "has no header"),
        (b'"",""', "has no header"),
        (b"," * 20 + b"\n0000-AAAAA" + b",No" * 20, "has no header"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel workbook"),
        (b"PAR1rest", "a Parquet file"),
        (b"{\\rtf1", "an RTF document"),
        (gzip.compress(b"x", mtime=0), "compress the text once"),
        (
            bz2.compress(b"x"),
            "compressed with bzip2; expected CSV text. To fix this, unpack it",
        ),
        (lzma.compress(b"x"), "compressed with xz"),
        (b"\x28\xb5\x2f\xfdrest", "compressed with Zstandard"),
        (b"7z\xbc\xaf\x27\x1crest", "a 7-Zip archive"),
        (b"ARROW1\x00\x00rest", "an Arrow or Feather file"),
        (b"\x80\x05rest", "a Python pickle"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"outs:\n- md5: 0\n", "dvc pull"),
        (b'{"customerID": 1}', "is JSON"),
        (b"<html>", "HTML"),
        (b"\x00\x01" * 5_000, "byte 0 is NUL"),
        (HEADER.decode().encode("utf-16"), "byte 0 is in UTF-16"),
        (HEADER.decode().encode("utf-16-le"), "binary or UTF-16"),
        (HEADER + b",pr\xe9nom\n1,2", f"byte {len(HEADER) + 3} is in another encoding"),
    ],
)
def test_what_is_no_csv(data: bytes, expected: str) -> None:
    """A file that is not UTF-8 CSV is refused, with what it is and how to fix it."""
    assert expected in refusal(data)


def test_another_encoding_on_most_lines(rows: list[Row], build: Build) -> None:
    """A file whose rows are mostly not UTF-8 is refused with the first offending byte."""
    data = build([row | {"customerID": row["customerID"] + "é"} for row in rows]).decode().encode("latin-1")

    assert f"byte {data.index(0xE9)} is in another encoding" in refusal(data)


@pytest.mark.parametrize(
    ("control", "named", "advice"),
    [
        ("\r", "carriage return (U+000D)", "lines that end in LF or CRLF"),
        ("\u2028", "line separator (U+2028)", "lines that end in LF or CRLF"),
        ("\x85", "next line (U+0085)", "lines that end in LF or CRLF"),
        ("\x01", "U+0001", "Remove it from the export"),
        ("\t", "tab (U+0009)", "Remove it from the export"),
        ("\u202e", "right-to-left override (U+202E)", "Remove it from the export"),
    ],
)
def test_control_characters_are_named(
    rows: list[Row], build: Build, control: str, named: str, advice: str
) -> None:
    """In the header as in the rows, with what to do about it."""
    header = refusal(build(rows).replace(b"tenure", f"ten{control}ure".encode(), 1))
    in_rows = refusal(build(rows).replace(b"Mailed check", f"Mailed{control}check".encode(), 7))

    assert f"the header (line 1) contains a control character: {named}. " in header
    assert advice in header
    assert "most often control_character (7 lines, first 2, 3, 4)" in in_rows
    assert f"Remove it from the export, and end lines with LF or CRLF. Found: {named} in 7 lines." in in_rows


def test_a_control_character_between_columns(rows: list[Row], build: Build) -> None:
    """It separates them, so it is not to be removed."""
    message = refusal(build(rows).replace(b",", b"\x01"))

    assert "control character: U+0001. Separate the columns with ',', ';', '|' or a tab instead." in message


@pytest.mark.parametrize("control", ["\x1b[31m", "\x00", "\t", "\x7f", "\x9b", "\u2028", "\u202e"])
def test_control_characters_in_the_header(rows: list[Row], build: Build, control: str) -> None:
    """A column name with control characters is refused and never shown."""
    data = build(rows, order=[*EXTRACT_ORDER[:-1], "Churn"]).replace(
        b"tenure", f"ten{control}ure".encode(), 1
    )
    message = refusal(data)

    assert "the header (line 1) contains a control character" in message
    assert message.isprintable()


def test_a_hostile_file_name_is_shown_harmless(rows: list[Row], build: Build) -> None:
    """No extract name can break a line or control a terminal."""
    name = "crm\n\x1b[2Jerror: \udc80.csv"
    with pytest.raises(ExtractError) as error:
        read_extract(b"", name, "scoring", IngestConfig())

    assert str(error.value).startswith("extract 'crm??[2Jerror: ?.csv' is empty")
    assert read_extract(build(rows), name, "scoring", IngestConfig()).name == "crm??[2Jerror: ?.csv"


def test_another_number_of_fields_on_most_rows(rows: list[Row], build: Build) -> None:
    """Rows that are all one field longer than the header are refused, never shifted."""
    header, _, body = build(rows).partition(b"\n")

    message = refusal(header + b"\n" + body.replace(b"\n", b",\n"))

    assert "the header has 21 fields, but 100 of 100 lines have 22" in message


def test_blank_column(rows: list[Row], build: Build) -> None:
    """A column without any value is refused, not imputed."""
    message = refusal(build([row | {"TechSupport": " "} for row in rows]))

    assert message.endswith("has no values in 'TechSupport'. Export the values.")
    for column in EXTRACT_ORDER:
        assert f"has no values in '{column}'" in refusal(build([row | {column: ""} for row in rows]))


NEW: Row = {"tenure": "0", "TotalCharges": ""}


@pytest.mark.parametrize("blank", ["", " ", "NA"])
@pytest.mark.parametrize("count", [1, 100])
def test_a_batch_of_new_customers(rows: list[Row], build: Build, count: int, blank: str) -> None:
    """A column that is blank in every row is no fault where the contract lets each row leave it blank."""
    new = [row | NEW | {"TotalCharges": blank} for row in rows[:count]]

    extract = read_extract(build(new), "made-up.csv", "scoring", IngestConfig())

    assert (extract.counts.accepted, extract.counts.quarantined) == (count, 0)
    assert extract.customers["TotalCharges"].isna().all()


def test_training_on_new_customers_alone(rows: list[Row], build: Build) -> None:
    """Every row is legal, so the extract is not refused as one without values."""
    config = IngestConfig(min_training_rows=50)

    assert (
        read_extract(build([row | NEW for row in rows]), "x.csv", "training", config).counts.accepted == 100
    )


@pytest.mark.parametrize("blank", ["", " "])
def test_a_column_that_a_value_map_fills(rows: list[Row], build: Build, blank: str) -> None:
    """Blanks that the operator has declared are values."""
    config = IngestConfig(min_training_rows=50, value_maps={"TechSupport": {"": "No"}})
    data = build([row | {"TechSupport": blank} for row in rows])

    assert read_extract(data, "made-up.csv", "training", config).counts.accepted == 100


def test_bad_rows_among_new_customers(rows: list[Row], build: Build) -> None:
    """Each is quarantined or refused for its own fault; the blank column is blamed only for most of them."""
    new = [row | NEW for row in rows]

    def read(changes: dict[int, Row]) -> bytes:
        return build([row | changes.get(place, {}) for place, row in enumerate(new)])

    few = read_extract(read({7: {"tenure": "9"}}), "x.csv", "scoring", IngestConfig())
    assert (few.counts.accepted, few.quarantine["reason"].tolist()) == (99, ["total_blank"])
    another = refusal(read({key: {"gender": "?"} for key in range(9)}), purpose="scoring")
    assert "9 of 100 rows are bad" in another
    assert "most often unknown_category in 'gender'" in another
    for faulty in (5, 99, 100):
        left_out = refusal(read({key: {"tenure": "9"} for key in range(faulty)}), purpose="scoring")
        assert (
            "has no values in 'TotalCharges'. Export the values. TotalCharges may be blank only" in left_out
        )
    alone = refusal(build([new[0] | {"gender": "?"}]), purpose="scoring")
    assert "'gender' expects" in alone


def test_another_vocabulary(rows: list[Row], build: Build) -> None:
    """Values that are unknown in most rows are refused with the expected values, not the sent ones."""
    message = refusal(build([row | {"gender": "Femme", "Churn": "0"} for row in rows]))

    assert "'gender' expects 'Female', 'Male'; 'Churn' expects 'No', 'Yes'" in message
    assert "ingest.value_maps" in message
    assert "Femme" not in message


@pytest.mark.parametrize(
    "value",
    ["Month\u2013to\u2013month", "Month-to-month\u200b", "\ufeffTwo year", "Two\u00a0year", "Two  year"],
)
@pytest.mark.parametrize("bad", [1, 100])
def test_a_value_that_only_looks_like_a_listed_one(
    rows: list[Row], build: Build, value: str, bad: int
) -> None:
    """The signs that nobody sees are named, in one row as in all of them."""
    data = build([row | {"Contract": value} for row in rows[:bad]] + rows[bad:])

    if bad == 1:
        extract = read_extract(data, "x.csv", "scoring", IngestConfig())
        assert extract.quarantine[["column", "reason"]].to_numpy().tolist() == [
            ["Contract", "disguised_value"]
        ]
    else:
        message = refusal(data)
        assert "most often disguised_value in 'Contract' (100 lines" in message
        assert "no-break, zero-width or doubled blank, a byte-order mark or a typographic dash" in message
        assert value not in message


def test_the_values_expected_are_listed_for_a_few_strangers_too(rows: list[Row], build: Build) -> None:
    """A tenth of the rows with an unknown value is enough to be told the known ones, and what else is bad."""
    for row in rows[:10]:
        row["Contract"] = "Weekly"
    for row in rows[:7]:
        row["tenure"] = "x"

    message = refusal(build(rows))

    assert "most often unknown_category in 'Contract' (10 lines, first 2, 3, 4). The value is" in message
    assert "'Contract' expects 'Month-to-month', 'One year', 'Two year'." in message
    assert message.endswith("Then: not_a_number in 'tenure' (7).")


def test_all_that_the_rows_show_is_said_at_once(rows: list[Row], build: Build) -> None:
    """Personal columns, blank ones, unknown values and other bad rows are one refusal, without values."""
    spoilt = [
        row
        | {"E-Mail": "x", "Partner": "Oui", "Dependents": "Non", "TechSupport": "", "MonthlyCharges": "50,5"}
        for row in rows
    ]

    with pytest.raises(ExtractError) as error:
        read_extract(build(spoilt, order=[*EXTRACT_ORDER, "E-Mail"]), "x.csv", "scoring", IngestConfig())

    assert str(error.value) == (
        "extract 'x.csv' has 4 faults."
        " (1) It contains personal data that scoring does not need: 'E-Mail' by name. Export it without these"
        " columns, or list false positives in ingest.allow_personal_columns."
        " (2) It has no values in 'TechSupport'. Export the values."
        " (3) It uses unknown values in most rows: 'Partner' expects 'No', 'Yes', and so does 'Dependents'."
        " Export these values, or map the sender's in ingest.value_maps."
        " (4) 100 of 100 rows are bad; the limit is 5.0% (ingest.max_quarantined_share); most often"
        " decimal_comma in 'MonthlyCharges' (100 lines, first 2, 3, 4). The number has a decimal comma."
        " Export numbers with a point and no thousands separators, such as 29.85."
    )
    assert error.value.quarantine is not None
    assert set(error.value.quarantine["line"]) == set(range(2, 102))


def test_rows_that_a_column_spoils_are_not_counted_again(rows: list[Row], build: Build) -> None:
    """A column that is named as a whole is no reason to list its rows too."""
    spoilt = [row | {"Partner": "Oui"} for row in rows]
    spoilt[3]["tenure"] = "x"

    assert "rows are bad" not in refusal(build(spoilt))


@pytest.mark.parametrize(("bad", "refused"), [(4, False), (5, True), (6, True)])
def test_quarantine_limit(rows: list[Row], build: Build, bad: int, refused: bool) -> None:
    """Five of a hundred bad rows refuse the file, four do not; the message names the most frequent reason."""
    for row in rows[:bad]:
        row["MonthlyCharges"] = "50,5"
    data = build(rows)

    if refused:
        message = refusal(data)
        assert f"{bad} of 100 rows are bad; the limit is 5.0%" in message
        assert f"most often decimal_comma in 'MonthlyCharges' ({bad} lines, first 2, 3, 4)" in message
    else:
        extract = read_extract(data, "made-up.csv", "training", IngestConfig(min_training_rows=50))
        assert extract.counts.quarantined == bad


def test_unlearnable(rows: list[Row], build: Build) -> None:
    """Training is refused without labels, with one class, or with too few customers."""
    without_label = [column for column in EXTRACT_ORDER if column != "Churn"]

    assert "has no column 'Churn'" in refusal(build(rows, order=without_label))
    assert "has only one class" in refusal(build([row | {"Churn": "No"} for row in rows]))
    assert "has 100 customers to train on; expected at least 500" in refusal(build(rows), IngestConfig())


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("E-Mail", "#", "'E-Mail' by name"),
        ("Prénom", "#", "'Prénom' by name"),
        ("Lat Long", "33.9, -118.2", "'Lat Long' by name"),
        ("Contact", "a.b@example.com", "'Contact' contains e-mail addresses"),
        ("Contact", "Write to: x@y.org please", "'Contact' contains e-mail addresses"),
        ("Contact", "(555) 123-0001", "'Contact' contains phone numbers"),
        ("Contact", "555-123-0001", "'Contact' contains phone numbers"),
        ("Contact", "+1 555 123 0001", "'Contact' contains phone numbers"),
        ("Contact", "+33 6 12 34 56 78", "'Contact' contains phone numbers"),
        ("Contact", "06 12 34 56 78", "'Contact' contains phone numbers"),
        ("Account", "FR76 3000 6000 0112 3456 7890 189", "'Account' contains IBANs"),
        ("Contact", "2026-11-22", None),
        ("Contact", "22.11.2026", None),
        ("Contact", "01.02.2026 10", None),
        ("Contact", "2026-11-22T10:11:12+01:00", None),
        ("Contact", "1 234 567.89", None),
        ("Contact", "01234567.89", None),
        ("Contact", "00123456.78", None),
        ("Contact", "+12345678.50", None),
        ("Contact", "0033 6 12 34 56 78", "'Contact' contains phone numbers"),
        ("Contact", "$1,234.50", None),
        ("Contact", "-555.12", None),
        ("Contact", "5551230001", None),
        ("Contact", "user @ home", None),
        ("CLTV", "3239", None),
        ("Code", "0012345678901234567890", None),
    ],
)
def test_personal_columns(rows: list[Row], build: Build, column: str, value: str, why: str | None) -> None:
    """A column that is personal by name or content is refused by its name, without a value."""
    data = build([row | {column: value} for row in rows], order=[*EXTRACT_ORDER, column])
    allowing = IngestConfig(min_training_rows=50, allow_personal_columns=(column,))

    assert read_extract(data, "made-up.csv", "training", allowing).ignored_columns == (column,)
    if why:
        message = refusal(data)
        assert why in message
        assert value not in message.replace(column, "")
    else:
        assert (
            read_extract(data, "x.csv", "training", IngestConfig(min_training_rows=50)).counts.accepted == 100
        )


@pytest.mark.parametrize(
    "column",
    [
        "Billing Address", "address_line_1", "Address2", "BillingAddress", "Customer Email", "contact_email",
        "customeremail", "eMail", "E-Mail (privé)", "Home Phone", "Phone No", "phone1", "MobilePhone",
        "Mobile Number", "Nachname", "Geburtsdatum", "Date of Birth", "birth_date", "First Name", "firstName",
        "FIRST_NAME", "Customer Last Name", "Full name", "customer_name", "Name of Customer", "Nom du client",
        "Name", "Name 2", "Straße", "Téléphone", "IBANNumber", "Bank Account No", "Agent Notes", "Comments",
        "IP Address", "SSN", "MOBILENUMBER", "Passport No", "Latitude", "Lat Long", "IP", "last_ip",
        "date_naissance", "Numéro de sécu",
        "apellidos", "nombre", "Nombre del cliente", "fecha_nacimiento", "Fecha de nacimiento", "teléfono",
        "DNI", "dirección", "achternaam", "voornaam", "geboortedatum", "BSN", "adres", "Adres 1", "cognome",
        "codice_fiscale", "data_nascita", "Data di nascita", "Nome e cognome", "indirizzo", "handy",
        "HandyNr", "hausnummer", "STRASSE", "Straße_Nr", "endereço", "Telemóvel", "Morada",
    ],
)  # fmt: skip
def test_names_that_say_who(column: str) -> None:
    """A personal word is found in any spelling and combination."""
    assert is_personal_name(column)


@pytest.mark.parametrize(
    "column",
    [
        "", "Plan Name", "Product Name", "Customer Plan Name", "Offer", "CLTV", "City", "Zip Code", "Count",
        "Churn Reason", "Segment", "Internet Type", "Phone Service Type", "Mobile Plan", "Email Support",
        "Multiple Phone Lines", "Customer Status", "Contact Count", "First Contract", "Country",
        "Last Login", "Plan Description", "Username Policy", "Domain", "Renamed", "Notebook", "Tenure Months",
        "VoIP", "IP TV",
        "Nombre de lignes", "nombre_appels", "Handy Tarif", "Servicio telefono", "Linea movil", "Data plan",
        "Nome del piano", "Kundennummer", "Fecha", "Padres", *EXTRACT_ORDER,
        *(word for words in CATEGORIES.values() for word in words),
        "Referred a Friend", "Avg Monthly GB Download", "Paperless", "Mailed", "Addressable", "Nominal",
    ],
)  # fmt: skip
def test_names_that_say_what(column: str) -> None:
    """Words for products and habits do not refuse a column, nor do longer words."""
    assert not is_personal_name(column)


@pytest.mark.parametrize("quoting", ["{}", '"{}"', " {}"])
def test_a_personal_name_above_words_for_categories(rows: list[Row], build: Build, quoting: str) -> None:
    """Yes and No tell whether there is an address, not which; one other cell makes it personal."""
    config = IngestConfig(min_training_rows=50)

    def table(cells: list[str]) -> bytes:
        lines = build(rows).decode().splitlines()
        added = [f"{line},{quoting.format(cell)}" for line, cell in zip(lines[1:], cells, strict=False)]
        return "\n".join([f"{lines[0]},E-Mail", *added]).encode()

    flags = ["Yes", "no", "NO", ""] * 25
    assert read_extract(table(flags), "x.csv", "training", config).ignored_columns == ("E-Mail",)
    for cells in ([*flags[:99], "x"], ["Yes"] * 9 + [""] * 91, [""] * 100):
        assert "'E-Mail' by name" in refusal(table(cells))


def test_ids_that_are_addresses(rows: list[Row], build: Build) -> None:
    """An e-mail address is not a pseudonymous id; a long string of digits is."""
    mailed = build([row | {"customerID": f"c{n}@example.com"} for n, row in enumerate(rows)])
    digits = build([row | {"customerID": f"06123456{n:02}"} for n, row in enumerate(rows)])

    assert "'customerID' contains e-mail addresses" in refusal(mailed)
    assert (
        read_extract(digits, "x.csv", "training", IngestConfig(min_training_rows=50)).counts.accepted == 100
    )


def with_check_digits(country: str, account: str) -> str:
    """Make an IBAN: ISO 7064, mod 97-10."""
    digits = "".join(str(int(each, 36)) for each in f"{account}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{account}"


@pytest.mark.parametrize(
    "form",
    [
        "CU{:010d}", "FR{:010d}", "{:032X}", "DE{:012d}", "AB12{:08d}", "FR{:02d}00000000000000000000000",
        "NO{:013d}", "DE{:020d}", "BE{:014d}", "GB{:020d}", "FR76{:023d}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", [0, 3_000, 987_654])
def test_ids_that_look_like_account_numbers(rows: list[Row], build: Build, form: str, first: int) -> None:
    """Letters and digits are ids, even where one in 97 happens to carry the right check digits."""
    ids = [form.format(first + n) for n in range(100)]
    data = build([row | {"customerID": each, "Ref": each} for row, each in zip(rows, ids, strict=True)])
    config = IngestConfig(min_training_rows=50)

    if len(set(ids)) == 100:
        assert read_extract(data, "x.csv", "training", config).counts.accepted == 100
    other = build(
        [row | {"Ref": each} for row, each in zip(rows, ids, strict=True)], order=[*EXTRACT_ORDER, "Ref"]
    )
    assert read_extract(other, "x.csv", "training", config).counts.accepted == 100


def test_ids_that_are_account_numbers(rows: list[Row], build: Build) -> None:
    """They are refused, as is any column of them, with something that can be done; a few in a column too."""
    ibans = [with_check_digits("FR", f"{n:023d}") for n in range(100)]
    data = build([row | {"customerID": each} for row, each in zip(rows, ibans, strict=True)])

    message = refusal(data)

    assert (
        "'customerID' contains IBANs. Export it with another id in 'customerID', such as a customer number"
        in message
    )
    assert "ingest.allow_personal_columns" in message
    assert "without" not in message
    assert not any(each in message for each in ibans)
    mistyped = [each if n % 3 else each[:-1] + "Z" for n, each in enumerate(ibans)]
    accounts = build(
        [row | {"Ref": each} for row, each in zip(rows, mistyped, strict=True)], order=[*EXTRACT_ORDER, "Ref"]
    )
    assert "'Ref' contains IBANs. Export it without these columns, or list" in refusal(accounts)
    few = [each if n < 2 else f"note {n}" for n, each in enumerate(ibans)]
    mailed = [row | {"customerID": f"{n}@example.com", "Ref": few[n]} for n, row in enumerate(rows)]
    both = refusal(build(mailed, order=[*EXTRACT_ORDER, "Ref"]))
    assert "'customerID' contains e-mail addresses; 'Ref' contains IBANs. Export it without these" in both
    assert "these columns and with another id in 'customerID', such as a customer number, or list" in both
    one = build([rows[0] | {"customerID": ibans[0]}])
    assert "'customerID' contains IBANs" in refusal(one, purpose="scoring")
