import importlib
import pkgutil

from prefect import Flow

import flows
from tasks.retention import FLOWS


def test_every_flow_is_swept() -> None:
    """The names by which a sweep finds our runs are those of all flows, and no other."""
    modules = [importlib.import_module(f"flows.{each.name}") for each in pkgutil.iter_modules(flows.__path__)]
    names = {each.name for module in modules for each in vars(module).values() if isinstance(each, Flow)}

    assert set(FLOWS) == names
