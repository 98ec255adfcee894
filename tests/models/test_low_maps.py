"""torch 2.13 gets bf16 gradients of a convolution wrong on CPUs where the map is lower than the padding."""

import pytest
import torch


@pytest.mark.parametrize("size", [(32, 64), (64, 64), (64, 96), (96, 64)])
def test_the_gradient_of_fc6_in_bf16_is_that_of_float32(size, quick_fcn):
    model = quick_fcn("fcn32s_vgg11", 2).train().to(memory_format=torch.channels_last)
    model.drop6.p = model.drop7.p = 0.0
    images = torch.rand(2, 3, *size) * 255
    exact = _gradient(model, images, bf16=False)
    for _ in range(3):  # it depended on what was in memory before
        junk = torch.full_like(model.fc6.weight, 1e3)
        del junk
        found = _gradient(model, images, bf16=True)
        assert (found - exact).norm() < 0.1 * exact.norm()


def _gradient(model, images, *, bf16):
    model.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        model(images).square().mean().backward()
    return model.fc6.weight.grad.clone()
