"""Column names that are there, but cannot be read, are the one fault that is reported."""

from collections.abc import Callable

import pytest

from schemas.columns import EXTRACT_ORDER
from schemas.config import IngestConfig
from tasks.core.extract.whole.in_memory import read_extract
from tests.core.extract.reader.test_refusals import refusal

Row = dict[str, str]
Build = Callable[..., bytes]


def written(rows: list[Row], separator: str, name: str = "{}", cell: str = "{}", line: str = "{}") -> bytes:
    """Write names and cells in forms of their own."""
    lines = [[name.format(column) for column in EXTRACT_ORDER]]
    lines += [[cell.format(row[column]) for column in EXTRACT_ORDER] for row in rows]
    return "\n".join(line.format(separator.join(each)) for each in lines).encode()


@pytest.mark.parametrize(
    ("separator", "forms"),
    [
        *((separator, ()) for separator in (":", "~", " ", "   ", "^", "\u00a6")),
        *((",", (form, form)) for form in ("'{}'", "\u201c{}\u201d", "`{}`", "[{}]")),
        (",", ("{}:STRING",)),
        (",", ("crm.customers.{}",)),
        (";", ("KUNDE_{}",)),
        (",", ("{}", "{}", '"{}"')),
        (", ", ('"{}"', '"{}"')),
    ],
)
def test_names_that_are_no_fields(rows: list[Row], separator: str, forms: tuple[str, ...]) -> None:
    """Signs around or between the names are the cause, and what else seems wrong is their effect."""
    message = refusal(written(rows, separator, *forms))

    assert "has column names of the contract on line 1, but not as fields of their own. Sep" in message
    assert "faults" not in message
    assert ("ingest.aliases" in message) == (separator in (",", ", ", ";") and forms[0] != "{}")


@pytest.mark.parametrize("above", ["Kunden im M\u00e4rz\n", "Report,March\n\nTotal,100\n"])
def test_names_below_other_lines(rows: list[Row], build: Build, above: str) -> None:
    """The line of the names is given."""
    line = above.count("\n") + 1

    message = refusal(above.encode() + build(rows))

    assert message.endswith(f"has its column names on line {line}. Export it without the lines above them.")
    buried = refusal(above.encode() + written(rows, ":"))
    assert f"has column names of the contract on line {line}, but not as" in buried


@pytest.mark.parametrize("rows_as", [(",",), (";", "{}", "{}", '"{}"')])
def test_rows_that_are_not_separated_like_the_header(rows: list[Row], rows_as: tuple[str, ...]) -> None:
    """Rows of a single field are no columns that are missing, and no fields to be quoted."""
    header, body = (written(rows, *form).split(b"\n", 1)[n] for n, form in enumerate(((";",), rows_as)))

    message = refusal(header + b"\n" + body)

    assert "the header has 21 fields, but 100 of 100 lines have 1. Separate header and rows by" in message


@pytest.mark.parametrize("prefix", ["crm.customers.", "KUNDE_"])
def test_a_prefix_can_be_mapped(rows: list[Row], prefix: str) -> None:
    """The setting is ready to be copied, unless the first line holds values."""
    data = written(rows, ",", f"{prefix}{{}}")

    message = refusal(data)

    aliases = {f"{prefix}{column}": column for column in EXTRACT_ORDER}
    listed = ", ".join(f"{name}: {column}" for name, column in aliases.items())
    assert message.endswith(f"; or map the names as sent in ingest.aliases: {{{listed}}}.")
    config = IngestConfig(min_training_rows=50, aliases=aliases)
    assert read_extract(data, "x.csv", "training", config).counts.accepted == 100
    assert f"{prefix}gender" not in refusal(data.replace(f"{prefix}tenure".encode(), b"12"))
