"""Fuzz one reader by atheris: `python -m tests.torture.guided NAME BUNDLE CORPUS -runs=N`."""

import sys
from pathlib import Path

import atheris

_COMPILED = [
    "tasks.core.bundle.encoder",
    "tasks.core.bundle.scores_csv",
    "tasks.core.extract.fast.scan",
    "tasks.core.extract.reader.row_keys",
    "tasks.core.extract.whole.duplicates",
]
"""Modules of which numba compiles a part: what atheris would put into them cannot be compiled."""

with atheris.instrument_imports(include=["tasks.core", "schemas"], exclude=_COMPILED):
    from tests.torture.fuzz import seeds, target_of

if __name__ == "__main__":
    name, bundle, *rest = sys.argv[1:]
    target = target_of(name, Path(bundle))
    for each in seeds(name, Path(bundle)):
        target(each)  # what is compiled at the first call must not count as a hang
    atheris.Setup([sys.argv[0], *rest], target)
    atheris.Fuzz()
