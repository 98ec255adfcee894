"""The changed trainings of benchmarks/variants.py: each takes a step, and changes what it says."""

import pytest
import torch

from pixelwise.data.dataset import Sample
from pixelwise.labels import IGNORE_INDEX
from pixelwise.models.fcn import FCN
from pixelwise.training import run
from pixelwise.training.settings import TrainSettings

variants = pytest.importorskip("benchmarks.variants", reason="the benchmarks are not part of an sdist")

CLASSES = 3


def batch(ids=None):
    """Two pictures that are grey where class 0 is, and brighter for the other classes."""
    generator = torch.Generator().manual_seed(0)
    if ids is None:
        ids = torch.randint(0, CLASSES, (2, 4, 6), generator=generator)
    target = ids.repeat_interleave(16, 1).repeat_interleave(16, 2)
    image = (60 + 60 * target)[:, None].repeat(1, 3, 1, 1).to(torch.uint8)
    return Sample(image, target, torch.arange(2))


def make_module():
    torch.manual_seed(0)
    module = run.TrainingModule(FCN("fcn8s_vgg11", CLASSES), TrainSettings(weights="none"))
    module.log = lambda *_, **__: None
    module.on_fit_start()
    return module


@pytest.mark.parametrize("name", variants.VARIANTS)
def test_a_step_changes_the_head(name):
    with variants.VARIANTS[name]():
        module = make_module()
        loss = module.training_step(batch(), 0)
        loss.backward()
        assert loss.isfinite()
        assert module.model.score_fr.weight.grad.abs().sum() > 0
        module.on_train_batch_end(None, None, 0)


@pytest.mark.parametrize(
    ("kind", "shift"), [(variants.HardPixels, 0.0), (variants.Lovasz, 0.01), (variants.AuxiliaryLosses, 0.1)]
)
def test_losses_weigh_more(kind, shift):
    """All of them are more than the loss as it is, and ignore what has no class."""
    sample = batch()
    sample.target[:, :16] = IGNORE_INDEX
    plain = make_module()
    with torch.no_grad():
        logits = plain.model(sample.image.float())
        module = kind(plain.model, plain.settings)
        module.model(sample.image.float())
        found = module.loss(logits, sample.target)
        assert found > plain.loss(logits, sample.target) + shift
        logits[:, :, :16] = 100 * torch.rand_like(logits[:, :, :16])
        assert module.loss(logits, sample.target) == pytest.approx(found)


def test_rotation_turns_picture_and_mask_alike():
    module = variants.Rotation(make_module().model, TrainSettings(weights="none"))
    torch.manual_seed(1)
    before = batch()
    after = module.vary(before)
    inside = after.target != IGNORE_INDEX
    assert (after.target != before.target)[inside].float().mean() > 0.02
    expected = (60 + 60 * after.target)[:, None].expand_as(after.image)
    same = ((after.image - expected).abs() < 1)[:, 0][inside]
    assert same.float().mean() > 0.75  # all but the edges, which are interpolated
    assert 0 < (~inside).float().mean() < 0.4


def test_copy_paste_takes_rare_classes_with_their_pixels():
    ids = torch.zeros(2, 4, 6, dtype=torch.long)
    ids[0, 0, 0] = 2  # 2 % of all pixels
    module = variants.CopyPaste(make_module().model, TrainSettings(weights="none"))
    module.on_fit_start()
    torch.manual_seed(0)
    before = batch(ids)
    results = [module.vary(before) for _ in range(20)]
    assert {int((after.target[1] == 2).sum()) for after in results} == {0, 256}
    for after in results:
        assert (after.target[0] == before.target[0]).all()  # the other picture has nothing rare
        assert (after.image == (60 + 60 * after.target)[:, None]).all()


def test_an_interrupted_copy_paste_still_knows_what_is_rare():
    first, second = (variants.CopyPaste(make_module().model, TrainSettings(weights="none")) for _ in range(2))
    first.on_fit_start()
    first.vary(batch())
    first.on_save_checkpoint(state := {})
    second.on_load_checkpoint(state)
    second.on_fit_start()
    assert second.seen.sum() == batch().target.numel()
    assert torch.equal(second.seen, first.seen)


def test_colours_change_and_masks_do_not():
    module = variants.StrongColor(make_module().model, TrainSettings(weights="none"))
    torch.manual_seed(0)
    before = batch()
    after = module.vary(before)
    assert after.target is before.target
    assert (after.image - before.image).abs().mean() > 5
    assert after.image.min() >= 0
    assert after.image.max() <= 255


def test_the_average_lies_between_the_weights_it_is_of():
    module = variants.WeightAverage(make_module().model, TrainSettings(weights="none"))
    module.on_fit_start()
    start = module.model.fc7.weight.clone()
    with torch.no_grad():
        module.model.fc7.weight += 1
    module.on_train_batch_end(None, None, 0)
    assert torch.allclose(module.average["fc7.weight"], start + 0.9)  # of the first steps, a tenth and less
