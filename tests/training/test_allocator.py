import ctypes
import subprocess
import sys

import pytest

glibc = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt")

SCRIPT = """
import resource
import torch
from pixelwise.training.allocator import freed_memory_kept

def new_pages():
    torch.ones(2**24)  # taken, and freed again
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**24)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

with freed_memory_kept():
    kept = new_pages()
print(kept, new_pages())
"""


@pytest.mark.skipif(not glibc, reason="the C library is not glibc")
def test_freed_memory_is_taken_again_while_the_block_runs_and_only_then():
    """In a process of its own: what others have left free in this one would be taken first."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    kept, usually = map(int, done.stdout.split())
    assert 10 * kept < usually
