import ctypes
import resource
import sys

import pytest
import torch

from pixelwise.training.allocator import freed_memory_kept

glibc = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt")


def new_pages():
    """Take and free 64 MB, and return how many pages came new from the system."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**24)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(not glibc, reason="the C library is not glibc")
def test_freed_memory_is_taken_again_while_the_block_runs_and_only_then():
    with freed_memory_kept():
        new_pages()
        kept = new_pages()
    new_pages()
    assert 10 * kept < new_pages()
