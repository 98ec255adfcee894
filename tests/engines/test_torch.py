from contextlib import contextmanager

import numpy as np
import pytest
import torch

from pixelwise.checkpoint import ModelCard
from pixelwise.engines import torch as engine_module
from pixelwise.engines.torch import TorchEngine
from pixelwise.errors import ConfigError, ImageError
from pixelwise.labels import Labels
from pixelwise.models.fcn import FCN


@pytest.fixture
def float32(monkeypatch):
    """Compute as processors do that are not quicker in bf16."""
    monkeypatch.setattr(engine_module, "prefers_bf16", lambda device: False)


@pytest.fixture(scope="module")
def engine(small_model_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "prefers_bf16", lambda device: False)
        return TorchEngine.load(small_model_path, "cpu")


def test_of_two_gpus_the_one_that_computes_is_asked_for_bf16(monkeypatch):
    current = [torch.device("cuda:0")]

    @contextmanager
    def switch(device):
        current.append(device)
        yield
        current.pop()

    monkeypatch.setattr(torch.cuda, "device", switch)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: current[-1].index == 1)
    assert engine_module.prefers_bf16(torch.device("cuda:1"))
    assert not engine_module.prefers_bf16(torch.device("cuda:0"))


def pictures(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (33, 47), (64, 32)])
def test_logits_are_the_networks_and_masks_their_argmax(engine, small_model, size):
    images = pictures(2, 3, *size)
    with torch.inference_mode():
        wanted = small_model(torch.from_numpy(images)).numpy()
    logits = engine.logits(images)
    assert engine.name == "torch cpu float32"
    assert logits.dtype == np.float32
    assert np.abs(logits - wanted).max() < 1e-4 * np.abs(wanted).max()
    np.testing.assert_array_equal(engine.masks(images), logits.argmax(axis=1).astype(np.uint8))
    np.testing.assert_array_equal(engine.masks(images.astype(np.float32)), engine.masks(images))


def test_only_what_torch_does_not_take_is_copied():
    picture = pictures(5, 7, 3)
    usual = picture.transpose(2, 0, 1)[None]  # as a Predictor makes a batch
    assert usual.strides[0] == 0
    assert engine_module._for_torch(usual) is usual
    read_only = usual.view()
    read_only.flags.writeable = False
    for strange in (usual[..., ::-1], picture[:1, ::-1].transpose(2, 0, 1)[None], usual[::-1], read_only):
        taken = torch.from_numpy(engine_module._for_torch(strange))
        np.testing.assert_array_equal(taken.numpy(), strange)


def test_where_bf16_is_quick_scores_stay_float32(small_model, small_labels, monkeypatch):
    monkeypatch.setattr(engine_module, "fast_bf16", lambda: True)
    engine = TorchEngine(small_model, ModelCard(small_model.config(), small_labels))
    seen = {}
    hooks = [
        small_model.get_submodule(name).register_forward_hook(
            lambda layer, given, result, name=name: seen.update({name: result.dtype})
        )
        for name in ("fc7", "score_fr", "score_pool4", "score_pool3")
    ]
    logits = engine.logits(pictures(1, 3, 40, 40))
    for hook in hooks:
        hook.remove()
    assert engine.name == "torch cpu bf16"
    assert seen.pop("fc7") == torch.bfloat16
    assert set(seen.values()) == {torch.float32}
    assert logits.dtype == np.float32


def test_a_network_in_training_stays_in_training(small_labels, float32):
    model = FCN("fcn32s_vgg11_bn", 4, family="plain").train()
    model.backbone.pool1.eval()  # as one who freezes statistics does
    norms = [layer for layer in model.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    modes = [module.training for module in model.modules()]
    engine = TorchEngine(model, ModelCard(model.config(), small_labels))
    first, second = engine.logits(pictures(1, 3, 40, 40)), engine.logits(pictures(1, 3, 40, 40))
    np.testing.assert_array_equal(first, second)  # no dropout
    assert [module.training for module in model.modules()] == modes
    assert all(int(norm.num_batches_tracked) == 0 for norm in norms)
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())


def test_a_loaded_network_computes_in_bf16_what_autocast_does(small_model_path, small_model, monkeypatch):
    monkeypatch.setattr(engine_module, "prefers_bf16", lambda device: True)
    engine = TorchEngine.load(small_model_path, "cpu")
    images = pictures(2, 3, 40, 70)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        batch = torch.from_numpy(images).contiguous(memory_format=torch.channels_last)
        wanted = small_model.to(memory_format=torch.channels_last)(batch).numpy()
    assert np.abs(engine.logits(images) - wanted).max() < 0.02 * np.abs(wanted).max()
    assert (engine.masks(images) == wanted.argmax(axis=1)).mean() > 0.97


@pytest.mark.slow
def test_a_compiled_network_computes_the_same_at_several_sizes(small_model_path, float32):
    eager = TorchEngine.load(small_model_path, "cpu")
    compiled = TorchEngine.load(small_model_path, "cpu", compiled=True)
    assert compiled.name == "torch cpu float32 compiled"
    for shape in ((1, 3, 64, 64), (1, 3, 64, 64), (2, 3, 33, 95)):
        images = pictures(*shape)
        wanted = eager.logits(images)
        assert np.abs(compiled.logits(images) - wanted).max() < 1e-4 * np.abs(wanted).max()
        assert (compiled.masks(images) == wanted.argmax(axis=1)).mean() > 0.999


def test_without_a_compiler_the_compiled_engine_says_so(small_model_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ConfigError, match="torch-compiled needs a C\\+\\+ compiler"):
        TorchEngine.load(small_model_path, "cpu", compiled=True)


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meat"])
def test_a_device_that_is_not_there_is_named(small_model_path, device):
    with pytest.raises(ConfigError, match=f"the device '{device}' cannot be used: .*; expected cpu, or cuda"):
        TorchEngine.load(small_model_path, device)


def test_a_gpu_out_of_memory_is_an_error_of_the_picture(float32, monkeypatch):
    def give_up(batch):
        raise torch.OutOfMemoryError("CUDA out of memory")

    model = FCN("fcn32s_vgg11", 2, family="plain")
    engine = TorchEngine(model, ModelCard(model.config(), Labels.numbered(2)))
    monkeypatch.setattr(model, "forward", give_up)
    with pytest.raises(ImageError, match=r"40 x 50 pixels .* do not fit into the memory of cpu"):
        engine.masks(pictures(1, 3, 40, 50))
    assert model.training


def test_what_a_gpus_kernels_cannot_count_is_told_with_the_mend(float32, monkeypatch):
    def fail(images):
        raise RuntimeError("expected less than INT_MAX elements")

    model = FCN("fcn32s_vgg11", 2, family="plain")
    engine = TorchEngine(model, ModelCard(model.config(), Labels.numbered(2)))
    monkeypatch.setattr(torch, "from_numpy", fail)
    with pytest.raises(ImageError, match=r"INT_MAX elements$"):
        engine.masks(pictures(1, 3, 40, 50))
    engine._device = torch.device("cuda")
    with pytest.raises(ImageError, match=r"INT_MAX elements; cut the picture .+, or take device cpu$"):
        engine.masks(pictures(1, 3, 40, 50))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_processors_masks(small_model_path, float32):
    gpu, cpu = TorchEngine.load(small_model_path, "auto"), TorchEngine.load(small_model_path, "cpu")
    images = pictures(2, 3, 100, 130)
    assert gpu.name.startswith("torch cuda")
    wanted = cpu.logits(images)
    assert np.abs(gpu.logits(images) - wanted).max() < 0.03 * np.abs(wanted).max()
    assert (gpu.masks(images) == wanted.argmax(axis=1)).mean() > 0.97
    assert engine_module.find_device("cuda").type == "cuda"
