"""The export computes what the network computes: five strides, three families, three formats."""

import numpy as np
import pytest

from pixelwise.data.form import PHOTOS
from pixelwise.export.parity import Parity, Trial, measure_parity
from pixelwise.export.pictures import make_batches
from pixelwise.export.write import export_network

from .tiny import card_of, make_tiny

STRIDES = (32, 16, 8, 4, 2)
BOUNDS = {"model.xml": 5e-3, "model.onnx": 2e-5, "model.pt2": 1e-5}


def check(folder, file, name, family):
    model = make_tiny(name, family=family)
    parity = export_network(model, card_of(model), folder / file).parity
    assert parity.largest_difference < BOUNDS[file]
    assert parity.equal > 0.99
    assert parity.agreement == 1


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("family", ["plain", "aligned", pytest.param("caffe", marks=pytest.mark.slow)])
def test_openvino_computes_what_the_network_computes(tmp_path, stride, family):
    check(tmp_path, "model.xml", f"fcn{stride}s_vgg11", family)


@pytest.mark.slow
@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("family", ["plain", "aligned", "caffe"])
def test_onnx_runtime_computes_what_the_network_computes(tmp_path, stride, family):
    check(tmp_path, "model.onnx", f"fcn{stride}s_vgg11", family)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["plain", "aligned", "caffe"])
def test_torch_export_computes_what_the_network_computes(tmp_path, family):
    check(tmp_path, "model.pt2", "fcn8s_vgg11", family)


@pytest.mark.slow
@pytest.mark.parametrize("file", BOUNDS)
def test_batch_norm_is_kept(tmp_path, file):
    check(tmp_path, file, "fcn8s_vgg11_bn", "aligned")


class Constant:
    """An engine that gives what it was told, whatever the pictures."""

    name = "constant"

    def __init__(self, logits):
        self._logits = logits

    def logits(self, images):
        return self._logits

    def masks(self, images):
        return self._logits.argmax(axis=1).astype(np.uint8)


def parity_of(change):
    """Compare the tiny network with itself after `change` on one batch."""
    model = make_tiny()
    batch = next(iter(make_batches(None, PHOTOS)))
    import torch

    with torch.inference_mode():
        logits = model(torch.from_numpy(batch)).numpy()
    return measure_parity(model, Constant(change(logits.copy())), [batch], 0.01)


def test_the_network_passes_against_itself():
    parity = parity_of(lambda logits: logits)
    assert (parity.largest_difference, parity.equal, parity.agreement) == (0, 1, 1)
    assert parity.passed


def test_a_small_difference_passes_and_a_large_one_does_not():
    assert parity_of(lambda logits: logits + 0.009 * np.abs(logits).max()).passed
    assert not parity_of(lambda logits: logits + 0.011 * np.abs(logits).max()).passed


def test_wrong_masks_and_nan_do_not_pass():
    shifted = parity_of(lambda logits: np.roll(logits, 1, axis=1))
    assert not shifted.passed
    assert shifted.agreement < 0.9
    assert not parity_of(lambda logits: logits * np.nan).passed
    assert not Parity("any", 0.01, (Trial(1, 2, 3, float("nan"), 1, 1),)).passed
