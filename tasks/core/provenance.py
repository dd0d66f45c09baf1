"""Record what produced a result: library versions, configuration hash, git commit."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from schemas.closed import Closed
from tasks.core.storage.hashing import sha256

_PACKAGES: Final = (
    "numpy",
    "onnx",
    "onnxruntime",
    "pandas",
    "pandera",
    "prefect",
    "scikit-learn",
    "telconova-churn",
    "torch",
)


def versions() -> dict[str, str]:
    """List Python and the installed libraries that can change a result, by name."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def config_sha256(config: Closed) -> str:
    """Hash a configuration: equal settings give equal hashes."""
    return sha256(config.model_dump_json().encode())


def git_commit(folder: Path) -> str | None:
    """Return the commit checked out in a folder, with '+changes' if files differ; None if git has none."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}+changes" if changed else commit


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 fixed arguments
        ["git", "-C", str(folder), *arguments],  # noqa: S607 git of the operator's PATH
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
