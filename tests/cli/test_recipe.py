"""`--config`: a recipe's settings, and what wins over what."""

from pathlib import Path

import pytest

from pixelwise.cli.app import app, main

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.yaml"))


def settings_of(*arguments):
    _, bound, *_ = app.parse_args(["train", "DATA", *arguments], exit_on_error=False, print_error=False)
    return bound.arguments["settings"]


def test_an_option_wins_over_the_recipe_and_the_recipe_over_the_default(tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("epochs: 7\nlr: 0.01\nscale: [0.7, 1.5]\nflip: false\n")
    found = settings_of("--config", str(recipe), "--epochs", "24")
    assert (found.epochs, found.lr, found.scale, found.flip, found.batch_size) == (
        24,
        0.01,
        (0.7, 1.5),
        False,
        4,
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("epoch: 7\n", "did you mean epochs?"),
        ("epochs: [\n", "recipe.yaml: is not valid YAML ("),
        ("- 3\n", "must be a mapping"),
        ("1: 3\n", "must be a mapping"),
        ("epochs: seven\n", "recipe.yaml"),
        ("epochs: 0\n", "recipe.yaml, with the options beside it: epochs is 0"),
        ("batch-size: 2\nbatch_size: 4\n", "recipe.yaml: has both batch-size and batch_size, which are one"),
        ("learning_rate: 1e-3\n", "recipe.yaml: there is no setting 'learning_rate': did you mean lr?"),
        ("momentum: 0.9\n", "no setting 'momentum': `pixelwise train --help` lists all"),
        (
            "data: DATA\n",
            "no setting 'data': give DATA on the command line, as in  pixelwise train DATA --con",
        ),
        ("config: other.yaml\n", "recipe.yaml: there is no setting 'config'"),
        ("out: ''\n", "recipe.yaml: --out is empty"),
        ("crop: {1: 2}\n", "recipe.yaml: crop is a mapping, expected a value or a list"),
        ("epochs: 1.5\n", 'unable to convert "1.5" into int'),
        ("epochs: [1, 2]\n", "error: Invalid value for [epochs] from"),
        ("crop: 64 64\n", "recipe.yaml: --crop: Incorrect number of arguments: expected 2 but got 1;"),
        ("crop: 64\n", "in a recipe write  crop: [A, B]"),
        ("weights: no\n", "recipe.yaml: weights is false, as YAML reads yes, no, on and off"),
        ("lr: .inf\n", "lr is inf, expected more than 0"),
        ("scale: [0.5, .inf]\n", "scale is (0.5, inf)"),
        ("modle: fcn8s_vgg16\n", "recipe.yaml: there is no setting 'modle': did you mean model?"),
        ("crop: {high: 64}\n", "recipe.yaml: crop is a mapping"),
        ("models: fcn8s_vgg11\n", "recipe.yaml: there is no setting 'models': did you mean model?"),
        ("train:\n  epochs: 7\n", "recipe.yaml: there is no setting 'train'"),
        (None, "no such recipe"),
    ],
)
def test_a_wrong_recipe_is_one_line_that_says_what_is_wrong(tmp_path, capsys, content, words):
    recipe = tmp_path / "recipe.yaml"
    if content is not None:
        recipe.write_text(content)
    assert main(["train", "DATA", "--config", str(recipe)]) in (1, 2)
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("option", [["--epochs", "1.5"], ["--crop", "64", "6.5"]])
def test_a_fraction_is_no_whole_number(option, capsys):
    assert main(["train", "DATA", *option]) == 2
    assert f'unable to convert "{option[-1]}" into int' in capsys.readouterr().err


def test_a_folder_is_no_recipe(tmp_path, capsys):
    assert main(["train", "DATA", "--config", str(tmp_path)]) == 1
    assert f"{tmp_path}: is no file; expected a YAML file" in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_the_first_line_of_a_shipped_recipe_is_the_command_that_uses_it(recipe):
    first = recipe.read_text().splitlines()[0]
    assert first.startswith("# pixelwise train ")
    words = first.split()[3:]
    assert f"recipes/{recipe.name}" in words
    words[words.index(f"recipes/{recipe.name}")] = str(recipe)
    assert settings_of(*words[1:]).epochs
