"""Make one extract in every form that senders use, to see what each costs the engine."""

import csv
import gzip
import shutil
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from tasks.core.storage.atomic import make_folder
from tests.benchmarks.extracts import Origin, extract_of

PARTS: Final = 8


def kinds_of(origin: Origin, folder: Path, rows: int) -> dict[str, Path]:
    """Return an extract of `rows` customers by kind, in an origin's folder; write what is not there.

    All but the first three have the cells of the first one.
    """
    plain = extract_of(origin, folder, rows)
    found = {"CSV": plain}
    for kind, (suffix, write) in {**_shares(origin, rows), **_forms(plain)}.items():
        name = kind.replace("%", " percent").replace(" ", "-")
        path = make_folder(folder / name) / f"extract-{rows}{suffix}"
        if not path.exists():
            print(f"writing {rows:,} {origin.name} customers: {kind}", flush=True)
            aside = path.with_name(f"aside{suffix}")
            shutil.rmtree(aside, ignore_errors=True)
            write(aside)
            aside.rename(path)
        found[kind] = path
    return found


Kinds = dict[str, tuple[str, Callable[[Path], None]]]
"""By kind: the suffix of its files, and what writes one."""


def _shares(origin: Origin, rows: int) -> Kinds:
    return {
        f"{share:.0%} bad rows": (".csv", partial(origin.write, rows=rows, bad_share=share))
        for share in (0.01, 0.3)
    }


def _forms(plain: Path) -> Kinds:
    return {
        "every cell quoted": (".csv", partial(_rewrite, plain, quoting=csv.QUOTE_ALL)),
        "semicolons": (".csv", partial(_rewrite, plain, delimiter=";")),
        "CRLF": (".csv", partial(_rewrite, plain, lineterminator="\r\n")),
        "gzip": (".gz", partial(_pack, plain)),
        "Parquet": (".parquet", partial(_write_parquet, plain)),
        f"folder of {PARTS} parts": ("", partial(_cut, plain)),
    }


def _rewrite(plain: Path, path: Path, **form: Any) -> None:
    """Write the same cells as another dialect of CSV."""
    with _text(plain) as rows, _text(path, "w") as file:
        csv.writer(file, **{"lineterminator": "\n", **form}).writerows(csv.reader(rows))


def _text(path: Path, mode: str = "r") -> TextIO:
    return path.open(mode, encoding="utf-8", newline="")  # type: ignore[return-value]


def _pack(plain: Path, path: Path) -> None:
    with plain.open("rb") as text, gzip.open(path, "wb", compresslevel=6) as file:
        shutil.copyfileobj(text, file, 2**20)


def _write_parquet(plain: Path, path: Path) -> None:
    """Write every column as text, as a sender has to whose numbers are damaged."""
    with plain.open("rb") as file:
        names = file.readline().decode().strip().split(",")
    texts = arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    batches = arrow_csv.open_csv(plain, convert_options=texts)
    with pq.ParquetWriter(path, batches.schema) as file:
        for batch in batches:
            file.write_batch(batch)


def _cut(plain: Path, folder: Path) -> None:
    """Write parts of equal length, each with the header."""
    with plain.open("rb") as text:
        lines = sum(1 for _ in text) - 1
        text.seek(0)
        header = text.readline()
        for part in range(PARTS):
            length = lines * (part + 1) // PARTS - lines * part // PARTS
            with (make_folder(folder) / f"part-{part}.csv").open("wb") as file:
                file.write(header)
                file.writelines(islice(text, length))
