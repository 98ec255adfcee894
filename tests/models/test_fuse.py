import torch
import torch.nn.functional as F

from pixelwise.models.families import FUSED_CHANNELS
from pixelwise.models.fuse import Fuse


@torch.no_grad()
def test_a_step_is_the_mix_of_the_map_and_the_upsampled_features():
    torch.manual_seed(0)
    fuse = Fuse(6, 5, 4)
    skip, coarse = torch.rand(2, 6, 10, 14), torch.rand(2, 5, 5, 7)
    finer = F.interpolate(coarse, scale_factor=2, mode="bilinear")
    expected = F.relu(fuse.mix(F.relu(fuse.skip(skip) + fuse.coarse(finer))))
    torch.testing.assert_close(fuse(skip, coarse), expected)


@torch.no_grad()
def test_what_a_map_says_depends_on_the_coarse_features():
    """Which a sum of scores cannot do: there a change of the map moves the scores by the same everywhere."""
    torch.manual_seed(0)
    fuse = Fuse(6, 5, 4)
    maps = [torch.rand(1, 6, 8, 8) for _ in range(2)]
    moves = [fuse(maps[0], coarse) - fuse(maps[1], coarse) for coarse in torch.randn(2, 1, 5, 4, 4)]
    assert (moves[0] - moves[1]).abs().max() > 0.1


@torch.no_grad()
def test_an_aligned_network_scores_the_features_and_hands_them_on(quick_fcn):
    model = quick_fcn("fcn8s_vgg11", 3)
    images = torch.rand(1, 3, 64, 96) * 255
    pools = model.backbone((images - model.mean) / model.std)
    deepest = model.backbone((images - model.mean) / model.std, deepest=True)
    assert [tuple(a.shape[2:]) for a in deepest] == [tuple(a.shape[2:]) for a in pools]
    assert torch.equal(deepest[4], pools[4])
    assert torch.equal(F.max_pool2d(deepest[2], 2), pools[3])  # the map of stride 8 goes into pool4

    x = F.relu(model.fc7(F.relu(model.fc6(model.scale_pool5(deepest[4])))))
    scores = model.score_fr(x)
    for pool in (4, 3):
        x = model.get_submodule(f"fuse_pool{pool}")(
            model.get_submodule(f"scale_pool{pool}")(deepest[pool - 1]), x
        )
        assert x.shape[1] == FUSED_CHANNELS[pool]
        scores = F.interpolate(scores, scale_factor=2, mode="bilinear") + model.get_submodule(
            f"score_pool{pool}"
        )(x)
    torch.testing.assert_close(model(images), F.interpolate(scores, scale_factor=8, mode="bilinear"))
