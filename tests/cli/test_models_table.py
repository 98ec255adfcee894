import subprocess
import sys

import pytest

from pixelwise.cli.models import models
from pixelwise.errors import ConfigError
from pixelwise.models.cost import cost
from pixelwise.models.names import model_names


def test_the_table_lists_every_network_in_80_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    models(size=(360, 480), num_classes=11, family="caffe")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["family", "caffe,", "360", "x", "480", "pixels,", "11", "classes"]
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.strip().startswith("fcn")}
    assert list(rows) == model_names()
    for name, row in rows.items():
        found = cost(name, 11, (360, 480), "caffe")
        parameters, operations = f"{found.parameters / 1e6:.1f}", f"{found.operations / 1e9:.1f}"
        assert row == [parameters, "M", operations, "G", str(found.stride), str(found.receptive_field)]


def test_a_size_of_nothing_is_refused():
    with pytest.raises(ConfigError, match=r"sizes start at 1, found 21, 3 and \(0, 640\)"):
        models(size=(0, 640))


def test_the_table_needs_no_torch():
    code = "import sys; from pixelwise.cli.models import models; models(); sys.exit('torch' in sys.modules)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
