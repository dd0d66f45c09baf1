import gc

import pytest

from tasks.core.loading import uncollected


def test_garbage_is_collected_again_afterwards() -> None:
    """Also after an import that failed."""
    with uncollected():
        meanwhile = gc.isenabled()
    with pytest.raises(ImportError), uncollected():
        __import__("no_such_module")

    assert (meanwhile, gc.isenabled()) == (False, True)
