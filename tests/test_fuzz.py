"""A few damaged data sets through every command, by the fuzzer that runs many; the seeds are fixed."""

import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[1] / "benchmarks" / "fuzz.py"


@pytest.mark.slow
@pytest.mark.skipif(not FUZZ.is_file(), reason="the benchmarks are not part of an sdist")
def test_damaged_data_ends_in_results_or_in_one_line(tmp_path):
    command = [sys.executable, str(FUZZ), str(tmp_path), "--rounds", "60", "--seed", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "60 damaged sets" in done.stdout
    assert "0 failures" in done.stdout
