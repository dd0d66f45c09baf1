"""Import this before a contract: frames are of pandas alone.

Where dask is installed, pandera would import its frames, half a second and 45 MB in every process,
only to find that no contract is about one.
"""

import sys

if "dask.dataframe" not in sys.modules:
    sys.modules["dask.dataframe"] = None  # type: ignore[assignment]  # as if it were not installed
    try:
        import pandera.typing.dask  # noqa: F401 it looks once, at its import
    finally:
        del sys.modules["dask.dataframe"]
