import copy
import io
import multiprocessing
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from pixelwise import Predictor
from pixelwise.checkpoint import save_model
from pixelwise.engines.base import softmax
from pixelwise.errors import CheckpointError, ConfigError, ImageError
from pixelwise.predict import predictor as predictor_module


@pytest.fixture(scope="module")
def picture():
    """A picture (48, 60, 3) of random patches."""
    patches = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return patches.repeat(12, 0).repeat(12, 1)


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_mask_logits_and_probs_are_the_networks(run_folder, small_model, picture, engine, monkeypatch):
    monkeypatch.setattr("pixelwise.engines.torch.fast_bf16", lambda: False)
    monkeypatch.setattr("pixelwise.engines.openvino.fast_bf16", lambda: False)
    predictor = Predictor.load(run_folder, engine=engine, device="cpu")
    with torch.inference_mode():
        logits = small_model(torch.from_numpy(picture).permute(2, 0, 1)[None])[0]
    assert predictor.engine.name == {"torch": "torch cpu float32", "openvino": "openvino float32"}[engine]
    assert (predictor(picture) == logits.argmax(0).numpy()).mean() >= 0.999
    np.testing.assert_allclose(predictor.logits(picture), logits.numpy(), atol=2e-3 * logits.abs().max())
    np.testing.assert_allclose(predictor.probs(picture), logits.softmax(0).numpy(), atol=2e-3)
    assert predictor.labels == predictor.card.labels
    assert predictor(picture[:1, :1]).shape == (1, 1)


def test_path_pillow_picture_and_array_give_the_same_mask(predictor, stripes, tmp_path):
    path = tmp_path / "stripes.png"
    Image.fromarray(stripes).save(path)
    wanted = np.tile(np.repeat([0, 1, 2, 3], 2), (6, 1))
    for picture in (
        path,
        str(path),
        Image.fromarray(stripes),
        stripes,
        stripes[:, :, 0],
        stripes.astype(np.float64),
    ):
        mask = predictor(picture)
        assert mask.dtype == np.uint8
        np.testing.assert_array_equal(mask, wanted)


KINDS = {
    "grey.png": lambda rgb: rgb.convert("L"),
    "alpha.png": lambda rgb: Image.merge("RGBA", (*rgb.split(), Image.new("L", rgb.size, 10))),
    "grey_alpha.png": lambda rgb: Image.merge("LA", (rgb.convert("L"), Image.new("L", rgb.size, 10))),
    "palette.png": lambda rgb: rgb.quantize(8),
    "cmyk.tif": lambda rgb: rgb.convert("CMYK"),
    "deep.png": lambda rgb: Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257),
    "float.tif": lambda rgb: Image.fromarray(np.asarray(rgb.convert("L")).astype(np.float32) / 255),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_picture_gives_the_mask_of_its_rgb_form(predictor, stripes, tmp_path, name):
    KINDS[name](Image.fromarray(stripes)).save(tmp_path / name)
    np.testing.assert_array_equal(predictor(tmp_path / name), predictor(stripes))


def test_a_picture_on_its_side_gives_an_upright_mask(predictor, stripes, tmp_path):
    turned = Image.fromarray(stripes).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.png", exif=exif)
    with Image.open(tmp_path / "turned.png") as picture:
        assert picture.size == (6, 8)
    np.testing.assert_array_equal(predictor(tmp_path / "turned.png"), predictor(stripes))


def test_models_of_one_channel_take_pictures_as_grey(make_predictor, predictor, stripes, tmp_path):
    grey = make_predictor(in_channels=1)
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    for picture in (
        tmp_path / "stripes.png",
        stripes,
        stripes[:, :, 0],
        stripes[:, :, :1].astype(np.float32),
    ):
        np.testing.assert_array_equal(grey(picture), predictor(stripes))


def test_models_of_many_channels_take_arrays_and_files_of_as_many_bands(make_predictor, stripes, tmp_path):
    bands = make_predictor(in_channels=5)
    array = stripes[:, :, :1].repeat(5, axis=2)
    tifffile.imwrite(tmp_path / "bands.tif", array, photometric="minisblack", planarconfig="contig")
    assert bands(array).shape == (6, 8)
    np.testing.assert_array_equal(bands(tmp_path / "bands.tif"), bands(array))
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    for picture in (tmp_path / "stripes.png", Image.fromarray(stripes)):
        with pytest.raises(ImageError, match="holds 3 bands of uint8, expected 5 channels"):
            bands(picture)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((4, 5, 4), np.uint8), r"shape \(4, 5, 4\), expected \(height, width, 3\)"),
        (np.zeros((3, 4, 5), np.uint8), r"shape \(3, 4, 5\)"),
        (np.zeros(4, np.uint8), r"shape \(4,\)"),
        (np.zeros((0, 5, 3), np.uint8), r"shape \(0, 5, 3\)"),
        (np.full((4, 5, 3), np.nan), "not finite"),
        (np.full((4, 5, 3), np.inf), "not finite"),
        (np.full((4, 5, 3), 0.5), "0.5..0.5, expected 0..255: multiply fractions by 255"),
        (np.full((4, 5, 3), -1.5), "-1.5..-1.5, expected 0..255"),
        (np.full((4, 5, 3), 4095.0), "4095..4095, expected 0..255"),
    ],
)
def test_an_array_that_is_no_picture_is_refused(predictor, array, words):
    with pytest.raises(ConfigError, match=words):
        predictor(array)


@pytest.mark.parametrize("picture", [None, b"bytes", [[0]]])
def test_what_is_no_picture_is_refused(predictor, picture):
    with pytest.raises(ConfigError, match=f"found {type(picture).__name__}, expected the path"):
        predictor(picture)


def test_arrays_of_other_whole_numbers_are_refused(run_folder):
    predictor = Predictor.load(run_folder, engine="openvino")
    with pytest.raises(ConfigError, match="uint16, expected uint8 or float"):
        predictor(np.zeros((4, 5, 3), np.uint16))


def test_a_broken_picture_is_named(predictor, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"broken\.jpg"):
        predictor(tmp_path / "broken.jpg")


@pytest.mark.parametrize("in_channels", [1, 3, 5])
def test_a_damaged_or_closed_pillow_picture_is_an_image_error(make_predictor, in_channels):
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(file, "JPEG")
    predictor = make_predictor(in_channels=in_channels)
    with pytest.raises(ImageError, match=r"cannot be decoded \(image file is truncated"):
        predictor(Image.open(io.BytesIO(file.getvalue()[:1000])))
    picture = Image.open(file)
    picture.close()
    with pytest.raises(ImageError, match=r"cannot be decoded \(Operation on closed image\)"):
        predictor(picture)


def test_a_predictor_that_is_sent_to_a_process_is_loaded_there_once(run_folder, picture, monkeypatch):
    monkeypatch.chdir(run_folder.parent)
    predictor = Predictor.load("run", engine="openvino", tta="flip")
    monkeypatch.chdir("/")  # where the other process may be
    sent, again = (pickle.loads(pickle.dumps(predictor)) for _ in range(2))
    assert sent.engine is again.engine is not predictor.engine
    assert sent.engine.name == predictor.engine.name
    np.testing.assert_array_equal(sent(picture), predictor(picture))


def test_a_sent_predictor_gives_the_masks_of_its_own_model_or_none(small_model, small_labels, tmp_path):
    path, sent, networks = tmp_path / "model.safetensors", [], (small_model, copy.deepcopy(small_model))
    with torch.no_grad():
        networks[1].score_fr.bias += 1
    for network in networks:
        save_model(path, network, small_labels)
        predictor = Predictor.load(path, device="cpu")
        sent.append(pickle.dumps(predictor))
        assert pickle.loads(pickle.dumps(pickle.loads(sent[-1]))).card == predictor.card
    predictor_module._load_once.cache_clear()  # as in a process that is new
    changed = pickle.loads(sent[0])  # no error yet: Pool.map would wait for ever
    with pytest.raises(CheckpointError, match=r"model\.safetensors: the model has changed since it was load"):
        _ = changed.card
    assert pickle.loads(sent[1]).card == predictor.card


def test_a_pool_tells_that_the_model_is_gone(small_model_path, tmp_path, stripes):
    path = Path(shutil.copy(small_model_path, tmp_path))
    predictor = Predictor.load(path, device="cpu")
    path.unlink()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        waiting = pool.map_async(predictor, [stripes])
        with pytest.raises(CheckpointError, match=r"model\.safetensors: no such model file"):
            waiting.get(timeout=60)


def test_a_copy_of_a_predictor_has_the_same_engine(run_folder, predictor):
    for one in (predictor, Predictor.load(run_folder, engine="openvino")):
        twin = copy.copy(one)
        assert type(twin) is Predictor
        assert twin is not one
        assert twin.engine is one.engine
    assert pickle.loads(pickle.dumps(twin)).card == one.card


def test_a_network_in_memory_cannot_be_sent_to_a_process_and_says_so(predictor):
    with pytest.raises(ConfigError, match="cannot be sent to another process: save the model"):
        pickle.dumps(predictor)


def test_probabilities_sum_to_one_even_for_huge_logits():
    probs = softmax(np.array([[[1000.0]], [[1001.0]], [[-1000.0]]], np.float32))
    np.testing.assert_allclose(probs[:, 0, 0], [0.268941, 0.731059, 0.0], atol=1e-6)
