import sys
from types import SimpleNamespace

from pixelwise.extras import package_version


def test_a_package_that_was_installed_under_another_name_says_its_version(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime_gpu_like", SimpleNamespace(__version__="1.2.3"))
    assert package_version("onnxruntime_gpu_like") == "1.2.3"
    assert package_version("numpy")[0].isdecimal()
