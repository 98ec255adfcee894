import copy
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pixelwise.data.dataset import Sample
from pixelwise.errors import TrainingError
from pixelwise.models.families import FAMILIES
from pixelwise.models.fcn import FCN
from pixelwise.training.module import TrainingModule, _confusion, _mean_iou, lay_as_weights, parameter_groups
from pixelwise.training.settings import TrainSettings


@pytest.mark.parametrize(
    ("family", "weights", "rates"),
    [
        ("aligned", "imagenet", {1e-4, 2e-4, 1e-3}),
        ("aligned", "none", {1e-4, 2e-4}),  # a backbone that is fresh itself asks for higher rates already
        ("plain", "imagenet", {1e-4, 2e-4}),
    ],
)
def test_every_trained_parameter_has_the_rate_of_its_part(family, weights, rates):
    with torch.device("meta"):
        model = FCN("fcn8s_vgg11", 2, family=family)
    model.backbone.freeze(1)
    groups = parameter_groups(model, TrainSettings(weights=weights))
    assert {round(group["lr"], 9) for group in groups} == rates
    rate = {parameter: group["lr"] for group in groups for parameter in group["params"]}
    assert set(rate) == {parameter for parameter in model.parameters() if parameter.requires_grad}
    assert sum(len(group["params"]) for group in groups) == len(rate)
    assert rate[model.backbone.convolutions()[-1].weight] == pytest.approx(1e-4)
    assert rate[model.score_fr.weight] == pytest.approx(2e-4)
    assert rate[model.score_pool3.weight] == pytest.approx(max(rates))


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_of_convolutions_decay_and_neither_biases_nor_batch_norm(family):
    with torch.device("meta"):
        model = FCN("fcn8s_vgg11_bn", 2, family=family)
    groups = parameter_groups(model, TrainSettings(weights="none", weight_decay=0.1))
    decay = {parameter: group["weight_decay"] for group in groups for parameter in group["params"]}
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    weights = {layer.weight for layer in model.modules() if isinstance(layer, kinds)}
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    biases = {parameter for name, parameter in model.named_parameters() if name.endswith("bias")}
    assert len(norms) == 8
    assert {decay[parameter] for parameter in weights if parameter in decay} == {0.1}
    assert {decay[parameter] for parameter in biases | {norm.weight for norm in norms}} == {0.0}


@pytest.mark.parametrize("frozen", [0, 5])
def test_the_rate_that_is_logged_is_the_backbones(frozen, monkeypatch):
    settings, logged = TrainSettings(weights="none", lr=1e-3), {}
    model = FCN("fcn32s_vgg11", 2)
    model.backbone.freeze(frozen)
    module = TrainingModule(model, settings)
    optimizer = torch.optim.AdamW(parameter_groups(model, settings))
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.25)
    module.trainer = SimpleNamespace(optimizers=[optimizer])
    monkeypatch.setattr(module, "log", logged.__setitem__)
    module.train_loss.update(1.0)
    module.train_confusion.update(
        torch.zeros(1, 2, 2, dtype=torch.long), torch.zeros(1, 2, 2, dtype=torch.long)
    )
    module.on_train_epoch_end()
    assert logged["lr"] == pytest.approx(2.5e-4)


def test_a_state_written_in_another_order_of_memory_goes_on_as_in_this():
    start, gradient = torch.randn(2, 8, 16, 3, 3, generator=torch.Generator().manual_seed(0))

    def step(order, state=None):
        weight = nn.Parameter(start.contiguous(memory_format=order))
        optimizer = torch.optim.AdamW([weight], lr=0.1, fused=True)
        if state is not None:
            optimizer.load_state_dict(copy.deepcopy(state))
            lay_as_weights(optimizer)
        weight.grad = torch.empty_like(weight).copy_(gradient)
        optimizer.step()
        return weight.detach(), optimizer.state_dict()

    _, state = step(torch.channels_last)
    same, _ = step(torch.channels_last, state)
    other, _ = step(torch.contiguous_format, state)
    torch.testing.assert_close(other, same)


class Scores(nn.Module):
    """Stands in for the network: the picture is its scores."""

    num_classes = 3

    def forward(self, images):
        return images


def test_a_picture_of_validation_that_is_too_large_for_the_gpu_is_told_as_such(monkeypatch):
    def forward(self, images):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Scores, "forward", forward)
    module = TrainingModule(Scores(), TrainSettings())
    with pytest.raises(TrainingError, match="too small for a picture of val, 6 x 7 pixels"):
        module.validation_step(Sample(torch.zeros(1, 3, 6, 7), torch.zeros(1, 6, 7), 0), 0)


@pytest.mark.parametrize("dice", [0.0, 0.5])
@pytest.mark.parametrize("weights", [None, torch.tensor([0.2, 0.8, 2.0])])
def test_pictures_of_validation_have_the_loss_that_training_has(dice, weights):
    logits, target = torch.randn(1, 3, 6, 7), torch.randint(0, 3, (1, 6, 7))
    module = TrainingModule(Scores(), TrainSettings(dice=dice), weights)
    whole = [x.repeat_interleave(4, -1).repeat_interleave(4, -2) for x in (logits, target)]
    module.validation_step(Sample(*whole, 0), 0)
    loss = module.loss(logits, target)
    torch.testing.assert_close(module.val_loss.compute(), loss)
    entropy = F.cross_entropy(logits, target, weights)
    assert (loss > entropy) if dice else torch.isclose(loss, entropy)


def test_the_score_of_a_single_class_is_a_number() -> None:
    confusion = _confusion(1)
    confusion.update(torch.zeros(1, 2, 3, dtype=torch.long), torch.tensor([[[0, 0, 0], [255, 0, 0]]]))
    assert _mean_iou(confusion) == 1.0
