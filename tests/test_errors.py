"""What users are told when something is wrong, and the packages that may be missing."""

import pickle
import re
import tomllib
from pathlib import Path

import pytest

from pixelwise import errors
from pixelwise.extras import EXTRAS, missing_extra, require

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


def package_names(requirements):
    return {re.split(r"[<>=!~;\[ ]", line)[0] for line in requirements}


@pytest.mark.parametrize("name", [name for name in vars(errors) if name.endswith("Error")])
def test_every_error_is_caught_as_a_pixelwise_error(name):
    assert issubclass(getattr(errors, name), errors.PixelwiseError)


def test_a_bad_argument_is_a_value_error_and_a_missing_package_an_import_error():
    assert issubclass(errors.ConfigError, ValueError)
    assert issubclass(errors.MissingExtraError, ImportError)


def test_a_missing_package_is_told_with_its_install_line_in_one_line():
    message = str(errors.MissingExtraError("torch", "train"))
    assert "'torch'" in message
    assert "pip install 'pixelwise[train]'" in message
    assert "\n" not in message


def test_the_packages_of_the_extras_are_those_of_the_project():
    expected = {
        package: extra
        for extra, requirements in PROJECT["optional-dependencies"].items()
        for package in package_names(requirements)
    }
    assert expected == EXTRAS
    assert not EXTRAS.keys() & package_names(PROJECT["dependencies"])


def test_require_passes_what_is_installed_and_names_what_is_not(monkeypatch):
    require("torch", "matplotlib")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "kornia" else object())
    with pytest.raises(errors.MissingExtraError, match="'kornia'"):
        require("torch", "kornia")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(errors.MissingExtraError, match=r"'nncf'.* '\.\[quantize,train\]'$"):
        require("nncf", "torch", "torchmetrics")


def imported(name):
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_a_failed_import_of_an_extra_becomes_the_install_line():
    assert "'lightning'" in str(missing_extra(imported("lightning")))
    assert "'lightning'" in str(missing_extra(imported("lightning.pytorch.callbacks")))


def test_the_cause_of_a_failed_import_is_found():
    outer = ImportError("Cannot import module")
    outer.__cause__ = imported("torch")
    assert "'torch'" in str(missing_extra(outer))


def test_a_missing_extra_stays_what_it_is():
    error = errors.MissingExtraError("torch", "train")
    assert missing_extra(error) is error


@pytest.mark.parametrize(
    "error", [imported("numpy"), imported("pixelwise.nothing"), ImportError("torch"), ValueError("x"), None]
)
def test_other_failures_are_not_taken_for_a_missing_extra(error):
    assert missing_extra(error) is None


def test_a_missing_package_is_told_across_processes():
    error = errors.MissingExtraError("torch", "train")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
