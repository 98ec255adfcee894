"""Weights in int8 that no x86 processor cuts off."""

import os
import subprocess
import sys

import numpy as np
import pytest

from pixelwise.quantization.pairs import PAIR, round_weights

PROGRAM = """
import numpy as np
from pixelwise.engines.runtime import ops, ov

weights, pictures = np.load("weights.npy"), np.load("pictures.npy")
given = ops.parameter([1, weights.shape[1], -1, -1], np.float32)
rounded = ops.fake_quantize(given, *(np.float32(limit) for limit in (0, 255, 0, 255)), 256)
kernel = ops.multiply(ops.convert(ops.constant(weights), "f32"), np.ones((len(weights), 1, 1, 1), np.float32))
maps = ops.relu(ops.convolution(rounded, kernel, [1, 1], [0, 0], [0, 0], [1, 1]))
settings = {"INFERENCE_PRECISION_HINT": "f32", "PERF_COUNT": "YES"}
request = ov.Core().compile_model(ov.Model([maps], [given]), "CPU", settings).create_infer_request()
np.save("maps.npy", request.infer([pictures])[0])
print(*(node.exec_type for node in request.get_profiling_info() if node.node_type == "Convolution"))
"""


def same_signs(weights):
    """Give both weights of each pair the sign of the first: the worst that can be."""
    paired = weights.copy()
    paired[:, 1::2] = np.abs(weights[:, 1::2]) * np.sign(weights[:, ::2][:, : weights.shape[1] // 2])
    return paired


@pytest.fixture
def weights():
    random = np.random.default_rng(0)
    return same_signs(random.normal(size=(16, 33, 3, 3)).astype(np.float32))


@pytest.fixture
def scale(weights):
    return np.abs(weights).max((1, 2, 3), keepdims=True) / 127


def test_no_two_neighbours_add_up_to_more_than_16_bits_hold(weights, scale):
    rounded, _ = round_weights(weights, scale)
    sums = rounded[:, 0:32:2].astype(int) + rounded[:, 1:33:2]
    assert np.abs(sums).max() == PAIR
    assert 255 * PAIR < 2**15 <= 255 * (PAIR + 1)


def test_rounded_weights_times_their_scale_are_the_weights(weights, scale):
    rounded, steps = round_weights(weights, scale)
    assert rounded.dtype == np.int8
    assert (steps >= scale).all()
    assert (steps < 2 * scale).all()
    assert (np.abs(rounded * steps - weights) <= 0.501 * steps).all()


def test_filters_that_need_no_room_keep_their_scale(weights, scale):
    weights[3, 1::2] = 0
    weights[5] = 0
    rounded, steps = round_weights(weights, scale)
    for filter in (3, 5):
        assert steps[filter] == scale[filter]
    assert not rounded[5].any()


def test_a_filter_of_one_channel_has_no_neighbours():
    weights = np.full((2, 1, 1, 1), 1.27, np.float32)
    rounded, steps = round_weights(weights, np.full((2, 1, 1, 1), 0.01, np.float32))
    assert rounded.tolist() == np.full((2, 1, 1, 1), 127).tolist()
    assert steps.max() == np.float32(0.01)


@pytest.mark.parametrize("instructions", ["SSE41", "AVX2", "AVX512_CORE"])
@pytest.mark.parametrize("kernel", [1, 3])
def test_processors_without_vnni_compute_them_exactly(instructions, kernel, weights, scale, tmp_path):
    weights = weights[:, :, :kernel, :kernel]
    random = np.random.default_rng(1)
    pictures = np.where(random.random((1, 33, 9, 11)) < 0.8, 255, random.integers(256, size=(1, 33, 9, 11)))
    careless = np.rint(weights / scale).astype(np.int8)
    spared, _ = round_weights(weights, scale)
    off = [computed(array, pictures, instructions, tmp_path) for array in (careless, spared)]
    assert off[0] > 1000
    assert off[1] == 0


def computed(weights, pictures, instructions, folder):
    """Return by how much OpenVINO is off, allowed no better instructions than these."""
    np.save(folder / "weights.npy", weights)
    np.save(folder / "pictures.npy", pictures.astype(np.float32))
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": instructions}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "I8" in done.stdout
    windows = np.lib.stride_tricks.sliding_window_view(pictures[0], weights.shape[2:], (1, 2))
    exact = np.einsum("chwyx,ocyx->ohw", windows.astype(np.int64), weights.astype(np.int64))
    return np.abs(np.load(folder / "maps.npy")[0] - np.maximum(0, exact)).max()
