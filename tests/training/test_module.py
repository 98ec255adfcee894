import pytest
import torch

from pixelwise.models.fcn import FCN
from pixelwise.training.module import parameter_groups
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
