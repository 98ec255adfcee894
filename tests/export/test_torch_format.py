import json
import subprocess
import sys
import textwrap
import zipfile

import pytest

from pixelwise.export.write import export_network

from .tiny import card_of, make_tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program_path(tmp_path_factory):
    model = make_tiny()
    return export_network(model, card_of(model), tmp_path_factory.mktemp("pt2") / "model.pt2").path


def test_it_runs_without_our_code_at_any_size(program_path):
    script = """
        import json, sys, torch
        extra = {"pixelwise": ""}
        model = torch.export.load(sys.argv[1], extra_files=extra).module()
        with torch.inference_mode():
            for shape in ((1, 3, 1, 1), (2, 3, 96, 64), (3, 3, 33, 130)):
                assert model(torch.zeros(shape, dtype=torch.uint8)).shape == (shape[0], 3, *shape[2:])
        assert not any(name.startswith("pixelwise") for name in sys.modules)
        print(json.loads(extra["pixelwise"])["labels"]["class_names"])
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script), str(program_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['class_0', 'class_1', 'class_2']"


def test_weights_are_raw_and_the_card_is_a_file_of_its_own(program_path):
    with zipfile.ZipFile(program_path) as archive:
        files = {name.partition("/")[2]: name for name in archive.namelist()}
        card = json.loads(archive.read(files["extra/pixelwise"]))
        assert card["labels"]["ignore_index"] == 255
        for config in ("weights/model_weights_config.json", "constants/model_constants_config.json"):
            entries = json.loads(archive.read(files[f"data/{config}"]))["config"].values()
            assert entries
            assert not any(entry["use_pickle"] for entry in entries)
