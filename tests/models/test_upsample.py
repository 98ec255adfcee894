import pytest
import torch
import torch.nn.functional as F

from pixelwise.models.upsample import AlignedUp, CaffeUp, PlainUp, bilinear_kernel

FACTORS = (2, 4, 8, 16, 32)


@pytest.mark.parametrize("factor", FACTORS)
def test_a_fresh_caffe_step_interpolates_bilinearly_away_from_the_border(factor):
    scores = torch.randn(2, 3, 5, 6)
    with torch.no_grad():
        up = CaffeUp(3, factor)(scores)
    assert up.shape == (2, 3, 6 * factor, 7 * factor)
    inner = slice(factor, -factor)
    expected = F.interpolate(scores, scale_factor=factor, mode="bilinear", align_corners=False)
    half = factor // 2
    found = up[..., half : half + 5 * factor, half : half + 6 * factor]
    assert torch.allclose(found[..., inner, inner], expected[..., inner, inner], atol=1e-5)


@pytest.mark.parametrize("size", [3, 4, 5, 8, 16, 64])
def test_a_bilinear_kernel_is_symmetric_and_keeps_constants(size):
    kernel = bilinear_kernel(size)
    assert torch.equal(kernel, kernel.T)
    assert torch.equal(kernel, kernel.flip(0))
    stride = (size + 1) // 2
    constant = F.conv_transpose2d(torch.ones(1, 1, 6, 6), kernel[None, None], stride=stride)
    middle = slice(size, constant.shape[-1] - size)
    assert torch.allclose(constant[..., middle, middle], torch.ones(()))


@pytest.mark.parametrize("factor", FACTORS)
def test_a_fresh_plain_step_repeats_each_score(factor):
    scores = torch.randn(1, 2, 3, 4)
    with torch.no_grad():
        last = PlainUp(2, factor, relu=False)(scores)
        inner = PlainUp(2, factor, relu=True)(scores)
    expected = F.interpolate(scores, scale_factor=factor, mode="nearest")
    assert torch.equal(last, expected)
    assert torch.equal(inner, expected.relu())


def test_an_aligned_step_has_no_weights_and_no_shift():
    up = AlignedUp(4)
    assert not list(up.parameters())
    scores = torch.randn(1, 2, 3, 5)
    assert torch.allclose(up(scores.flip(-1)), up(scores).flip(-1), atol=1e-6)
    assert up(scores).shape == (1, 2, 12, 20)


@pytest.mark.parametrize("factor", FACTORS)
def test_an_aligned_step_puts_each_cell_over_the_middle_of_its_pixels(factor):
    cells = (torch.arange(6.0) + 0.5) * factor  # where each cell's middle is on the picture
    pixels = AlignedUp(factor)(cells.expand(1, 1, 6, 6))[0, 0, 0]
    inner = slice(factor // 2, -(factor // 2))
    assert torch.allclose(pixels[inner], (torch.arange(6.0 * factor) + 0.5)[inner])
