import pytest
import torch
from torch import Tensor

from pixelwise.models.fcn import FCN
from pixelwise.training.module import TrainingModule
from pixelwise.training.settings import TrainSettings
from pixelwise.training.styles import mix_styles


def _styles(maps: Tensor) -> tuple[Tensor, Tensor]:
    std, mean = torch.std_mean(maps.float(), (2, 3), correction=0, keepdim=True)
    return std, mean


def _maps() -> Tensor:
    """Four maps of two channels, each brighter and of more contrast than the one before."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(4, 2, 8, 10, generator=generator) * torch.arange(1.0, 5).view(-1, 1, 1, 1)


def test_what_is_in_the_maps_stays_and_its_style_changes_to_one_between_those_there() -> None:
    before = _maps()
    std, mean = _styles(before)
    torch.manual_seed(0)
    changed = 0
    for _ in range(20):
        after = mix_styles(before)
        new_std, new_mean = _styles(after)
        torch.testing.assert_close((after - new_mean) / new_std, (before - mean) / std, rtol=1e-3, atol=1e-3)
        for found, own in ((new_std, std), (new_mean, mean)):
            assert (found >= own.amin(0) - 1e-4).all()
            assert (found <= own.amax(0) + 1e-4).all()
        changed += int(((new_mean - mean).abs() > 0.1).any((1, 2, 3)).sum())
    # Of 80: half of them keep most of their own, a quarter of the others meet themselves.
    assert 15 < changed < 60


def test_a_map_alone_stays_as_it_is_and_the_dtype_too() -> None:
    one = _maps()[:1].bfloat16()
    mixed = mix_styles(one)
    assert mixed.dtype == torch.bfloat16
    torch.testing.assert_close(mixed, one)


def test_maps_without_contrast_stay_finite_and_gradients_pass() -> None:
    flat = torch.zeros(2, 3, 4, 4, requires_grad=True)
    mixed = mix_styles(flat)
    mixed.sum().backward()
    assert mixed.isfinite().all()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


@pytest.mark.parametrize(
    ("share", "training", "changes"), [(0.99, True, True), (0.99, False, False), (0.0, True, False)]
)
def test_styles_are_mixed_while_training_only(share: float, training: bool, changes: bool) -> None:
    torch.manual_seed(0)
    module = TrainingModule(
        FCN("fcn32s_vgg11", 2), TrainSettings(weights="none", style_mixing=share, frozen_stages=2)
    )
    module.model.backbone.freeze(2)
    module.train(training)
    images = torch.randint(0, 256, (3, 3, 32, 64)) // torch.tensor([1, 2, 4]).view(-1, 1, 1, 1)
    first, second = (module.model.backbone(images.float())[1] for _ in range(2))
    assert torch.equal(first, second) != changes
