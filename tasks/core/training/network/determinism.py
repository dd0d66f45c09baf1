"""Train with one thread and one seed, so that the same inputs give the same bytes."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_deterministic_thread(seed: int) -> Iterator[None]:
    """Seed torch and make it deterministic within the block; restore its settings afterwards."""
    threads = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(mode=True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(mode=deterministic)
            torch.set_num_threads(threads)
