"""Read fuzzed lines in two ways, column by column and one by one, and compare all results."""

import argparse
import random
from dataclasses import replace
from typing import Final

import numpy as np

from schemas.columns import CATEGORIES, EXTRACT_ORDER, ID, NUMBERS, TARGET
from schemas.config import IngestConfig
from tasks.core.contract.vocabulary import contract_names
from tasks.core.extract.reader.block_reader import BlockReader, Purpose, ReadBlock
from tasks.core.extract.text.blocks import Block
from tasks.core.extract.text.dialect import recognise
from tests.harness.customers import make_customers

CONFIG: Final = IngestConfig(
    value_maps={
        "Contract": {"Mensuel": "Month-to-month", "À l’année": "One year", "\x85": "One year"},
        "Partner": {"a,b": "Yes", "a;b": "No"},
    }
)
_TEXTS: Final = (
    "", " ", "YES", " no ", "yes\t", "N/A", "Fiber  optic", "fiber OPTIC", "Mensuel", "à l’année", "É",
    "\u00a0", "0.0", "1", "No internet service ", "Stranger", "\u2028", "\x00", "\x7f", "\x85", "a,b",
    "a;b", '"', '""', "1.0", "1.00", "\u202fYES\u00a0",
)  # fmt: skip
_AMOUNTS: Final = (
    "", " ", "  ", "\t", "NA", "12.0", "12.50", "0012", "1e3", "-1", "-0", "-0.0", ".5", "5.", "1,5",
    "1.234,5", "123456789012345", "1234567890123456", "0.1000000000000000055", "50.00000000000000000001",
    "inf", "-Infinity", "nan", "+5", "１２", "1_000", "121", "10001", "1000001", "5 0", "5.5.5",
    "99999999999999999999999", "0", "1", "NULL", "\\N", " 12 ", "\u00a029.85", "12\t", " NA",
)  # fmt: skip
_IDS: Final = (
    "4.55E+11", "45E12", "455000000001.0", "NULL", "nan", "#N/A", "#1001", "1-Mar", "MAR-12", "2026-03-01",
    "1/3/2026", "12/34", "12-34-56", "1234-5678-90", "AB-12", "ABC-12", "n/a", '="0012"', "'0012", "+336",
    "-5", "-", "_", "-A1(", "1.10023", "12.00", "a\u200bb", "\ufeffa", "ab\u00a0", "Z", "z1", " 7 ",
    "\u0663", "0-0-0",
)  # fmt: skip
_OCTETS: Final = b'",;\t\r\n \x00\x1f\x7f\xe9\xc3\xa9\xe2\x80\xa8azAZ019.-'


def fuzzed(rows: int, seed: int, dice: random.Random) -> tuple[bytes, Purpose]:
    """Write customers in a random dialect, with random damage to a third of the lines."""
    separator = dice.choice((",", ";", "\t"))
    newline = dice.choice(("\n", "\r\n", "\r\r\n"))
    quote = dice.choice(("none", "all", "some"))
    columns = list(EXTRACT_ORDER) + ["tariff code"] * dice.randint(0, 1)
    dice.shuffle(columns)
    customers = make_customers(rows, seed=seed)
    customers = customers.astype(object).where(customers.notna(), "").astype(str)
    purpose: Purpose = "training" if TARGET in customers and dice.random() < 1 / 2 else "scoring"
    columns = [column for column in columns if column in customers or column not in EXTRACT_ORDER]
    lines = []
    for customer in customers.to_dict("records"):
        cells = {column: customer.get(column, "extra") for column in columns}
        for _ in range(dice.choice((0, 0, 0, 1, 1, 3))):
            column = dice.choice(columns)
            cells[column] = _cell(column, dice)
        wrapped = [
            f'"{cell.replace(chr(34), chr(34) * 2)}"'
            if quote == "all" or (quote == "some" and dice.random() < 1 / 4)
            else cell
            for cell in cells.values()
        ]
        line = separator.join(wrapped).encode("utf-8", "surrogatepass")
        if dice.random() < 1 / 8:
            line = _damaged(line, dice)
        lines += [line] * dice.choice((1, 1, 1, 1, 1, 2))
        if dice.random() < 1 / 50:
            lines.append(
                dice.choice(
                    (
                        b"",
                        b" ",
                        separator.encode() * (len(columns) - 1),
                        separator.join(columns).encode(),
                        separator.join(["---"] * len(columns)).encode(),
                        b"(10 rows affected)",
                        b"\x1a",
                    )
                )
            )
    header = separator.join(columns).encode()
    end = newline.encode()
    return end.join([header, *lines]) + (end if dice.random() < 1 / 2 else b""), purpose


def disagreements(data: bytes, purpose: Purpose) -> list[str]:
    """Read an extract's lines in both ways; list the differences."""
    dialect = recognise(data[: 2**20], CONFIG)
    known = contract_names(dialect.header, CONFIG)
    start = data.index(b"\n") + 1
    block = Block(data[start:], first_line=2, offset=start)
    fast = BlockReader(dialect, known, purpose, CONFIG)
    slow = BlockReader(dialect, known, purpose, CONFIG.model_copy(update={"reader": "lines"}))
    ours, theirs = fast.read(block), slow.read(block)
    return [name for name, same in _compare(ours, theirs) if not same]


def _compare(ours: ReadBlock, theirs: ReadBlock) -> list[tuple[str, bool]]:
    mine, other = ours.customers.frame(), theirs.customers.frame()
    return [
        ("lines accepted", list(mine.index) == list(other.index)),
        ("cells", mine.reset_index(drop=True).equals(other[list(mine)].reset_index(drop=True))),
        ("faults", ours.faults == theirs.faults),
        ("keys", np.sort(ours.keys, order="line").tobytes() == np.sort(theirs.keys, order="line").tobytes()),
        ("tally", replace(ours.tally) == replace(theirs.tally)),
    ]


def _cell(column: str, dice: random.Random) -> str:
    if column in NUMBERS:
        return dice.choice(_AMOUNTS)
    if column in CATEGORIES and dice.random() < 1 / 2:
        return dice.choice(CATEGORIES[column])
    if column == ID and dice.random() < 1 / 2:
        return dice.choice(_IDS)
    if column == ID and dice.random() < 1 / 2:
        return "".join(chr(dice.choice((32, 65, 97, 233, 0x1F600))) for _ in range(dice.randint(0, 20)))
    return dice.choice(_TEXTS)


def _damaged(line: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(line) + 1)
    octet = bytes([dice.choice(_OCTETS)])
    return dice.choice((line[:place] + octet + line[place:], line[:place] + line[place + 1 :], line[:place]))


def main() -> None:
    """Compare a number of fuzzed lines, extract after extract."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="customers to fuzz (default: a million)")
    parser.add_argument("--seed", type=int, default=0, help="of the first extract (default: 0)")
    flags = parser.parse_args()
    done, seed, lines = 0, flags.seed, 0
    while done < flags.rows:
        data, purpose = fuzzed(5_000, seed, random.Random(seed))  # noqa: S311
        found = disagreements(data, purpose)
        if found:
            raise SystemExit(f"seed {seed}: {', '.join(found)} differ")
        done, seed, lines = done + 5_000, seed + 1, lines + data.count(b"\n")
        if seed % 10 == 0:
            print(f"{done:,} customers, {lines:,} lines, no difference; next seed {seed}", flush=True)
    print(f"{done:,} customers, {lines:,} lines: no difference", flush=True)


if __name__ == "__main__":
    main()
