"""Imports run one way, and the package is light: what is not needed is not imported."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pixelwise

SOURCE = Path(pixelwise.__file__).parent

LAYERS = (
    {"errors", "groups"},
    {"cache", "cores", "extras", "room", "writing"},
    {"labels", "metrics"},
    {"models"},
    {"data"},
    {"checkpoint"},
    {"engines"},
    {"predict"},
    {"report"},
    {"evaluation", "export", "inspection"},
    {"training", "serve", "quantization"},
    {"cli"},
    {"__main__"},
)
"""The parts of the package; each imports from those before it, and from itself."""

LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}

MODULES = sorted(
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for path in SOURCE.rglob("*.py")
    if path != SOURCE / "__init__.py"
)

NEED_TORCH = (
    "models",
    "training",
    "report",
    "export",
    "quantization",
    "data.dataset",
    "data.augment",
    "engines.torch",
)
"""Parts and modules that may import torch or matplotlib as soon as they are imported."""

LIGHT = [
    module
    for module in MODULES
    if module != "__main__" and not any(module == x or module.startswith(f"{x}.") for x in NEED_TORCH)
]

HEAVY = (
    *("torch", "lightning", "torchmetrics", "kornia", "matplotlib", "tensorboard"),
    *("datasets", "pyarrow", "pycocotools", "scipy", "tifffile", "imagecodecs"),
    *("nncf", "onnx", "onnxruntime", "onnxscript"),
)

HELP = {"pixelwise", "cyclopts", "rich", "attr", "attrs", "docstring_parser"}
"""All that `pixelwise --help` may import: its time, in docs/performance.md, is that of these packages."""


def module_path(module):
    path = SOURCE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def is_type_checking(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imported_modules(module):
    """Yield what a module imports from the package, inside functions too: "models.fcn", ..."""
    path = module_path(module)
    package = [*module.split(".")] if path.name == "__init__.py" else module.split(".")[:-1]
    todo = list(ast.parse(path.read_text()).body)
    while todo:
        node = todo.pop()
        if is_type_checking(node):
            todo += node.orelse
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = [*above, *(node.module or "").split(".")] if node.module else above
            if node.level == 0:
                if source[0] != "pixelwise":
                    continue
                source = source[1:]
            for name in node.names:
                yield ".".join([*source, name.name])
        elif isinstance(node, ast.Import):
            yield from (
                n.name.removeprefix("pixelwise.") for n in node.names if n.name.startswith("pixelwise.")
            )
        else:
            todo += ast.iter_child_nodes(node)


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module):
    part = module.split(".")[0]
    for target in imported_modules(module):
        other = target.split(".")[0]
        if other in LEVEL and other != part:  # what is not a part is a name of the package: its version
            assert LEVEL[other] < LEVEL[part], f"{module} imports {target}"


def test_the_check_of_imports_sees_what_it_should(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "vgg.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "from ..errors import ConfigError\n"
        "from . import fcn\n"
        "import pixelwise.data.image\n"
        "if TYPE_CHECKING:\n    from ..training.run import train\n"
        "def f():\n    from pixelwise.cli.app import main\n    from .. import labels\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "SOURCE", tmp_path)
    assert sorted(imported_modules("models.vgg")) == [
        "cli.app.main",
        "data.image",
        "errors.ConfigError",
        "labels",
        "models.fcn",
    ]


def run_python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, pixelwise; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = run_python(code).split()
    assert "pixelwise" in loaded
    assert not {*HEAVY, "numpy", "PIL", "openvino", "cyclopts"} & set(loaded)


def test_the_help_imports_what_it_needs_and_no_command():
    code = (
        "import sys; from pixelwise.cli.app import main; main(['--help']);"
        "print('LOADED', *sorted(sys.modules))"
    )
    loaded = run_python(code).partition("LOADED")[2].split()
    packages = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    assert packages <= HELP | {"__main__", "_distutils_hack"}  # which setuptools loads, where it is installed
    assert not {f"pixelwise.cli.{name}" for name in ("train", "evaluate", "predict", "models")} & set(loaded)


def test_what_prediction_needs_imports_without_the_extras():
    blocked = "\n".join(f"sys.modules[{name!r}] = None" for name in HEAVY)
    wanted = "\n".join(f"importlib.import_module('pixelwise.{name}')" for name in LIGHT)
    run_python(f"import importlib, sys\n{blocked}\n{wanted}")
    assert {
        "predict.predictor",
        "engines.openvino",
        "engines.onnx",
        "data.check",
        "evaluation",
        "cli.train",
    } <= set(LIGHT)


@pytest.mark.parametrize("name", pixelwise.__all__)
def test_every_public_name_is_there(name):
    assert getattr(pixelwise, name) is not None


@pytest.mark.parametrize(("name", "package"), [("create_model", "torch"), ("train", "lightning")])
def test_a_name_that_needs_a_missing_package_says_how_to_install_it(name, package):
    code = (
        f"import sys; sys.modules[{package!r}] = None; import pixelwise\n"
        f"try: pixelwise.{name}\n"
        "except pixelwise.PixelwiseError as error: print(error)"
    )
    assert f"'{package}'" in (told := run_python(code))
    assert "pip install 'pixelwise[train]'" in told


def test_all_that_a_plain_installation_lists_can_be_looked_at():
    blocked = "\n".join(f"sys.modules[{name!r}] = None" for name in HEAVY)
    code = f"import inspect, sys\n{blocked}\nimport pixelwise; print(*dict(inspect.getmembers(pixelwise)))"
    names = run_python(code).split()
    assert set(pixelwise.__all__) - set(names) == pixelwise._NEED_TRAIN
    assert set(pixelwise.__all__) <= set(dir(pixelwise))


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'segment'"):
        pixelwise.segment  # noqa: B018


def test_no_module_has_the_name_of_a_public_function():
    # Python would put the module in the function's place as soon as anything imports it.
    assert not set(pixelwise.__all__) & {module.split(".")[0] for module in MODULES}
