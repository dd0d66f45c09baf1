import pytest

from tasks.core.extract.text.remarks import is_remark


@pytest.mark.parametrize(
    "line",
    [
        "(10 rows affected)",
        "(1 row affected)",
        "10 rows selected.",
        "(10 rows)",
        "10 rows in set (0.00 sec)",
        "Total: 10 rows",
        "Total rows: 1,000",
        "Row count: 10",
        "rows=10",
        "-- 10 rows --",
        "Total rows: 1.000.000",
        "Total,-12.50",
        "10 record(s) selected.",
        "Grand total,,,648.5,12000",
        "Total,10",
        "Nombre de lignes : 10",
        "-----,---,----",
        "----------",
        "=====",
        "*** End of file ***",
        "EOF",
        "Completion time: 2026-03-01T04:00:01.1234567+01:00",
    ],
)
def test_what_tools_write_around_rows(line: str) -> None:
    """Counts, sums, ruled lines and end marks are no customers."""
    assert is_remark(line.split(","))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "10",
        "rows",
        "Total",
        "SIM-0000001",
        "0000-AAAAA,Female",
        "Total recall 10",
        "10 rows of Mary Smith",
        "total,1,2,3,4",
        "-",
        "-,-",
        "---,Female",
        "total@10",
        "LINE-000123",
        "LINE_000123,",
        "LINE 000123",
        "Row12",
        "total#12,,,29.85",
        "12-customers",
        "Customers 0012",
        "Male,0,No,No,10",
    ],
)
def test_what_may_be_a_customer(line: str) -> None:
    """One word that is not in the list, or one cell more, makes a line a row, good or bad."""
    assert not is_remark(line.split(","))
