"""What a run sets up before it trains."""

import json
import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file

from pixelwise.errors import DataError, PixelwiseError, TrainingError, WeightsError
from pixelwise.labels import Labels, default_palette
from pixelwise.models.fcn import FCN
from pixelwise.training import run as run_module
from pixelwise.training import start as start_module
from pixelwise.training.folder import claim, open_run
from pixelwise.training.module import TrainingModule
from pixelwise.training.precision import lightning_precision, memory_format
from pixelwise.training.run import train
from pixelwise.training.settings import TrainSettings
from pixelwise.training.start import find_start


@pytest.mark.parametrize(
    ("environment", "first"),
    [
        ({}, True),
        ({"NODE_RANK": "0"}, True),
        ({"NODE_RANK": "1"}, False),
        ({"GROUP_RANK": "1"}, False),
        ({"NODE_RANK": "1", "RANK": "0"}, True),  # torchrun numbers the machines as they come
    ],
)
def test_the_first_process_of_a_second_machine_is_not_the_first_of_all(
    environment: dict[str, str], first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NODE_RANK", "GROUP_RANK", "RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert run_module._is_first(nodes=2) == first
    assert run_module._is_first(nodes=1)


def test_resuming_tells_the_settings_that_a_default_does_not_change(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    TrainSettings(epochs=5, lr=3e-4).write(tmp_path / "settings.json")
    given = TrainSettings(epochs=24, out=tmp_path, resume=True)  # 24 is the default
    with caplog.at_level("INFO", "pixelwise"):
        _, settings = open_run(given, is_first=True)
    assert settings.epochs == 5
    assert "settings.json: epochs 5, lr 0.0003" in caplog.text


def test_of_two_runs_that_begin_at_once_one_gets_the_folder(tmp_path: Path) -> None:
    first, second = (TrainSettings(seed=seed, out=tmp_path / "run") for seed in (1, 2))
    for settings in (first, second):
        open_run(settings, is_first=True)  # the folder is made when the data is checked
    claim(tmp_path / "run", first)
    with pytest.raises(TrainingError, match="run: exists already"):
        claim(tmp_path / "run", second)
    assert json.loads((tmp_path / "run" / "settings.json").read_text())["seed"] == 1


def test_what_a_killed_process_was_writing_goes_and_nothing_else(tmp_path: Path) -> None:
    settings = TrainSettings(out=tmp_path, resume=True)
    (tmp_path / ".model-ab12cd34").mkdir()
    (tmp_path / ".model-ab12cd34" / "model.bin").touch()
    (tmp_path / ".0123456789abcdef.part").touch()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / ".0123456789abcdef.part").touch()
    (tmp_path / "state" / "epoch-00001.ckpt").touch()
    for name in (".notes", "model.safetensors", "model.txt"):
        (tmp_path / name).touch()
    claim(tmp_path, settings)
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == [".notes", "model.safetensors", "model.txt", "settings.json", "state"]
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["epoch-00001.ckpt"]


@pytest.mark.parametrize(("native", "chosen"), [(True, "bf16-mixed"), (False, "16-mixed")])
def test_gpus_that_only_emulate_bf16_train_in_float16(
    native: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: native or including_emulation
    )
    assert lightning_precision(TrainSettings()) == chosen


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "lost.pth"}, "lost.pth: no such weights file"),
        ({"init_from": "lost.safetensors"}, "lost.safetensors: no such model file"),
        ({"init_from": "."}, "holds none of model.safetensors"),
        ({"weights": "none", "precision": "16", "device": "cpu"}, "precision 16 needs a CUDA GPU"),
    ],
)
def test_what_cannot_be_is_found_before_all_files_are_read(
    options: dict[str, str], message: str, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_module, "check_data", None)
    with pytest.raises(PixelwiseError, match=message):
        train(squares, **options, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("network", "family", "found"),
    [
        (
            "fcn8s_vgg11",
            "plain",
            r"aligned, expected fcn8s_vgg11 of the family plain: .* give --family aligned$",
        ),
        (
            "fcn8s_vgg16",
            "aligned",
            r"is an fcn8s_vgg11 of .*, expected fcn8s_vgg16 of .* give --model fcn8s_vgg11$",
        ),
        ("fcn4s_vgg16", "caffe", r"give --model fcn4s_vgg11 --family aligned$"),
        ("fcn32s_vgg16", "aligned", r"give --model fcn8s_vgg11$"),
        (
            "fcn16s_vgg11",
            "aligned",
            "its stride is 8, finer than that of fcn16s_vgg11: .* give --model fcn8s_vgg11, start",
        ),
    ],
)
def test_a_model_that_cannot_be_started_from_is_told_before_all_files_are_read(
    network: str,
    family: str,
    found: str,
    small_model_path: Path,
    squares: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_module, "check_data", None)
    with pytest.raises(WeightsError, match=rf"model\.safetensors: .*{found}"):
        train(squares, init_from=small_model_path, family=family, model=network, out=tmp_path / "run")


@pytest.mark.parametrize(
    ("names", "same"),
    [
        (("background", "cat", "dog", "bird"), True),
        (("background", "dog", "cat", "bird"), False),
        (("background", "cat", "dog"), False),
    ],
)
def test_a_model_of_other_classes_gives_all_but_its_scores(
    names: tuple[str, ...], same: bool, small_model_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = TrainSettings(model="fcn8s_vgg11", init_from=small_model_path)
    labels = Labels(names, default_palette(len(names)))
    with caplog.at_level("INFO", "pixelwise"):
        start = find_start(settings, labels)
    assert ("score layers are left out and start anew" in caplog.text) is not same
    model, source = FCN("fcn8s_vgg11", len(names)), load_file(small_model_path)
    start.fill(model)
    state = model.state_dict()
    assert torch.equal(state["fuse_pool3.mix.weight"], source["fuse_pool3.mix.weight"])
    assert torch.equal(state["score_pool3.weight"], source["score_pool3.weight"]) is same


def test_a_folder_that_is_not_there_is_missed_before_weights_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_module, "check_weights", None)
    with pytest.raises(DataError, match="nowhere"):
        train(tmp_path / "nowhere", out=tmp_path / "run")


def test_faults_of_the_data_are_found_before_weights_are_downloaded(
    squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = shutil.copytree(squares, tmp_path / "data")
    next((data / "train" / "images").iterdir()).write_bytes(b"no picture")
    monkeypatch.setattr(start_module, "check_weights", lambda weights, backbone: None)
    monkeypatch.setattr(run_module, "create_model", None)
    with pytest.raises(DataError, match="1 fault"):
        train(data, out=tmp_path / "run")


def test_class_weights_of_the_training_masks_reach_the_loss(
    squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules: list[TrainingModule] = []
    monkeypatch.setattr(run_module, "_fit", lambda trainer, module, *rest: modules.append(module))
    monkeypatch.setattr(run_module, "finish", lambda *rest: SimpleNamespace(scores=None, failed=()))
    for class_weights in (False, True):
        out = tmp_path / str(class_weights)
        train(
            squares,
            model="fcn32s_vgg11",
            weights="none",
            device="cpu",
            class_weights=class_weights,
            dice=0.0,
            out=out,
        )

    masks = np.stack([np.asarray(Image.open(path)) for path in (squares / "train" / "masks").iterdir()])
    share = np.array([(masks == 0).sum(), (masks == 1).sum()]) / (masks != 255).sum()
    weights = torch.from_numpy(share**-0.5 / (share**-0.5).mean()).float()
    logits, target = torch.randn(1, 2, 6, 7), torch.randint(0, 2, (1, 6, 7))
    for module, expected in zip(modules, (None, weights), strict=True):
        loss = F.cross_entropy(logits, target, expected)
        torch.testing.assert_close(module.loss(logits, target), loss)


@pytest.mark.parametrize(
    ("precision", "device", "instructions", "last"),
    [
        ("32-true", "cpu", "AVX2", False),
        ("32-true", "cpu", "AVX512", True),
        ("32-true", "cuda", "AVX2", True),
        ("bf16-mixed", "cpu", "AVX2", True),
    ],
)
def test_maps_lie_as_is_quickest(
    precision: str, device: str, instructions: str, last: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: instructions)
    wanted = torch.channels_last if last else torch.contiguous_format
    assert memory_format(precision, torch.device(device)) == wanted


@pytest.mark.parametrize("order", [torch.channels_last, torch.contiguous_format])
def test_a_network_is_trained_with_its_weights_in_that_order(
    order: torch.memory_format, squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules: list[TrainingModule] = []
    monkeypatch.setattr(run_module, "_fit", lambda trainer, module, *rest: modules.append(module))
    monkeypatch.setattr(run_module, "finish", lambda *rest: SimpleNamespace(scores=None, failed=()))
    monkeypatch.setattr(run_module, "memory_format", lambda precision, device: order)
    train(squares, model="fcn32s_vgg11", weights="none", device="cpu", out=tmp_path / "run")
    maps: list[torch.Tensor] = []
    convolution = modules[0].model.backbone.convolutions()[1]
    assert convolution.weight.is_contiguous(memory_format=order)
    convolution.register_forward_hook(lambda *passed: maps.append(passed[-1]))
    modules[0].model(torch.zeros(2, 3, 33, 47, dtype=torch.uint8))
    assert maps[0].is_contiguous(memory_format=order)


def test_pictures_of_val_that_are_learned_from_are_told(
    squares: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    data = shutil.copytree(squares, tmp_path / "data")
    for kind in ("images", "masks"):
        shutil.copy(data / "train" / kind / "3.png", data / "val" / kind / "copy.png")
    monkeypatch.setattr(run_module, "_fit", lambda *_: None)
    monkeypatch.setattr(run_module, "finish", lambda *_: SimpleNamespace(scores=None, failed=()))
    for root, told in ((squares, 0), (data, 1)):
        caplog.clear()
        train(root, model="fcn32s_vgg11", weights="none", device="cpu", out=tmp_path / f"run{told}")
        line = f"of the 4 pictures of val are in train, too, such as {data / 'val/images/copy.png'}, which is"
        assert caplog.text.count(f"1 {line} {data / 'train/images/3.png'}") == told
    train(data, out=tmp_path / "run1", resume=True)
    assert caplog.text.count(line) == 1
