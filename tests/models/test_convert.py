import argparse
import re

import pytest
import reference_networks as reference
import torch
from safetensors.torch import save_file

from pixelwise.errors import WeightsError
from pixelwise.models.build import create_backbone
from pixelwise.models.convert import load_exactly, load_shared, load_weights, read_tensors
from pixelwise.models.fcn import FCN

SMALL = "fcn32s_vgg11"


@pytest.mark.parametrize("wrapped", ["state_dict", "model_state_dict", "model", None])
def test_what_training_scripts_wrap_around_a_state_dict_is_taken_off(wrapped, vgg11, no_init):
    content = {f"module.{name}": tensor for name, tensor in vgg11.items()}
    content = {wrapped: content, "epoch": 3} if wrapped else content
    backbone = create_backbone("vgg11", weights=content)
    assert torch.equal(backbone.pool1[0].weight, vgg11["features.0.weight"])


@pytest.mark.parametrize("kind", ["a.safetensors", "a.pth", "legacy.pth", "a.pth.tar"])
def test_files_load_as_state_dicts_do(kind, vgg11, tmp_path, no_init):
    path = tmp_path / kind
    if kind == "a.safetensors":
        save_file(vgg11, path)
    elif kind == "legacy.pth":  # as torchvision's own files are
        torch.save(vgg11, path, _use_new_zipfile_serialization=False)
    else:
        torch.save({"state_dict": vgg11}, path)
    backbone = create_backbone("vgg11", weights=str(path))
    assert torch.equal(backbone.pool1[0].weight, vgg11["features.0.weight"])


def test_half_precision_is_widened(vgg11, no_init):
    backbone = create_backbone("vgg11", weights={name: tensor.half() for name, tensor in vgg11.items()})
    assert backbone.pool1[0].weight.dtype == torch.float32
    assert torch.equal(backbone.pool1[0].weight, vgg11["features.0.weight"].half().float())


@pytest.mark.parametrize("change", ["missing", "surplus", "misshapen", "all three"])
def test_what_does_not_fit_is_named_and_nothing_is_changed(change, vgg11, no_init):
    backbone = create_backbone("vgg11", weights=vgg11)
    other = {name: tensor + 1 for name, tensor in vgg11.items()}
    expected = []
    if change in ("missing", "all three"):
        del other["features.3.weight"], other["features.18.bias"]
        expected.append("missing: features.3.weight, features.18.bias")
    if change in ("surplus", "all three"):
        other |= {"features.99.weight": torch.zeros(1), "features.5.bias": torch.zeros(1)}
        expected.append("surplus: features.99.weight, features.5.bias")
    if change in ("misshapen", "all three"):
        other["features.0.weight"] = torch.zeros(64, 5, 3, 3)
        other["features.6.bias"] = torch.zeros(())
        expected.append(
            "wrong shape: features.0.weight is 64x5x3x3, expected 64x3x3x3, "
            "features.6.bias is a number, expected 256"
        )
    with pytest.raises(WeightsError, match=re.escape("; ".join(expected)) + "$") as told:
        load_weights(backbone, other)
    assert str(told.value).startswith("the state dict")
    assert torch.equal(backbone.pool5[2].weight, vgg11["features.18.weight"])
    assert torch.equal(backbone.pool1[0].bias, vgg11["features.0.bias"])


def test_weights_of_another_backbone_are_called_by_name(no_init):
    with pytest.raises(WeightsError, match="weights of vgg13, while the network has vgg11"):
        load_weights(create_backbone("vgg11"), reference.features_weights("vgg13"))
    with pytest.raises(WeightsError, match="weights of vgg11, while the network has vgg11_bn"):
        load_weights(FCN("fcn32s_vgg11_bn", 2), reference.features_weights("vgg11"))


def test_checkpoints_of_another_family_are_refused(no_init):
    tutorial = reference.plain_checkpoint(reference.plain_weights("vgg11", 2), 32)
    with pytest.raises(WeightsError, match=r"tutorial.*of the family plain, found one of the family aligned"):
        load_weights(FCN(SMALL, 2), tutorial)
    with pytest.raises(WeightsError, match=r"port.*of the family caffe, found one of the family plain"):
        load_weights(FCN(SMALL, 2, family="plain"), reference.port_features("vgg11"))


def test_heads_of_another_stride_or_number_of_classes_are_refused(no_init):
    weights = reference.plain_weights("vgg11", 2)
    with pytest.raises(WeightsError, match=r"missing: .*score_pool4\.weight.*surplus: final_x32\.weight"):
        load_weights(FCN("fcn16s_vgg11", 2, family="plain"), reference.plain_checkpoint(weights, 32))
    with pytest.raises(WeightsError, match=r"score_pool5\.bias is 2, expected 3"):
        load_weights(FCN(SMALL, 3, family="plain"), reference.plain_checkpoint(weights, 32))


def test_unknown_names_are_told_with_what_would_be_known(no_init):
    with pytest.raises(
        WeightsError, match=r"found tensors named layer1\.weight; expected .*features\.0\.weight"
    ):
        load_weights(create_backbone("vgg11"), {"layer1.weight": torch.zeros(1)})
    with pytest.raises(WeightsError, match=r"named \(none\)"):
        load_weights(create_backbone("vgg11"), {})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "cannot be read as weights|is damaged"),
        (b"junk of any kind", "cannot be read as weights|is damaged"),
        (b"PK\x03\x04 and no more", "cannot be read as weights|is damaged"),
        (bytes(range(256)) * 50, "cannot be read as weights|is damaged"),
    ],
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_files_are_named(content, told, suffix, tmp_path):
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"weights{suffix}: ({told})") as error:
        read_tensors(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("cut", [0.5, 0.99])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_files_cut_short_are_named(cut, suffix, tmp_path):
    whole, path = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)({"features.0.weight": torch.rand(999)}, whole)
    path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * cut)])
    with pytest.raises(WeightsError, match=r"cut\S+: (cannot be read as weights|is damaged)"):
        read_tensors(path)


def test_files_that_could_run_code_are_not_opened(tmp_path):
    torch.save({"args": argparse.Namespace(lr=1), "state_dict": {}}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"a\.pth: is damaged, or holds Python objects beside tensors"):
        read_tensors(tmp_path / "a.pth")


def test_files_without_a_state_dict_are_refused(tmp_path, no_init):
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match=r"list\.pth: holds a list, expected a state dict"):
        read_tensors(tmp_path / "list.pth")
    torch.save({"features.0.weight": torch.zeros(1), "epoch": 3, 5: 6}, tmp_path / "mixed.pth")
    with pytest.raises(WeightsError, match=r"mixed\.pth: .*found no tensor under epoch, 5$"):
        load_weights(create_backbone("vgg11"), tmp_path / "mixed.pth")
    with pytest.raises(WeightsError, match="no such weights file"):
        read_tensors(tmp_path / "none.pth")
    with pytest.raises(WeightsError, match="no such weights file"):
        read_tensors(tmp_path)


def test_our_own_checkpoints_load_tensor_for_tensor_or_not_at_all(quick_fcn):
    model, other = quick_fcn("fcn16s_vgg11_bn", 3), quick_fcn("fcn16s_vgg11_bn", 3)
    with torch.no_grad():
        for tensor in other.state_dict().values():
            tensor.add_(1)
    state = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    assert load_weights(model, state).fresh == ()
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())

    wrong = {name: tensor * 2 for name, tensor in state.items() if not name.endswith("tracked")}
    wrong |= {"mean": torch.zeros(3), "score_fr.bias": torch.zeros(4)}
    del wrong["fc6.bias"]
    told = (
        r"model\.safetensors: .*missing: backbone\.pool1\.1\.num_batches_tracked, .*fc6\.bias; "
        r"surplus: mean; wrong shape: score_fr\.bias is 4, expected 3$"
    )
    with pytest.raises(WeightsError, match=told):
        load_exactly(model, wrong, "model.safetensors")
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("family", ["plain", "caffe", "aligned"])
def test_a_finer_network_starts_from_a_coarser_one(family, quick_fcn, monkeypatch):
    coarser = quick_fcn("fcn32s_vgg11", 2, family=family)
    for stride in (16, 2):
        finer = quick_fcn(f"fcn{stride}s_vgg11", 2, family=family)
        with torch.no_grad():
            for parameter in finer.parameters():
                parameter.zero_()
        report = load_shared(finer, coarser.state_dict(), "coarser")
        taken, own = coarser.state_dict(), finer.state_dict()
        shared = {name for name in taken if name in own and not name.startswith("upscore_final.")}
        assert set(report.loaded) == shared
        assert {"backbone.pool1.0.weight", "fc6.bias", "score_fr.weight"} <= shared
        assert stride == 16 or "score_pool4.weight" in shared
        assert all(torch.equal(own[name], taken[name]) for name in shared)
        assert set(report.fresh) == set(own) - shared
        assert not any(own[name].any() for name in report.fresh if name.startswith(("score", "upscore")))
        coarser = quick_fcn(f"fcn{stride}s_vgg11", 2, family=family)


@pytest.mark.parametrize("family", ["plain", "caffe"])
def test_a_network_of_the_same_stride_is_carried_over_whole(family, quick_fcn):
    first, second = (quick_fcn("fcn8s_vgg11", 2, family=family) for _ in range(2))
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.fill_(0.5)
    report = load_shared(second, first.state_dict(), "first")
    assert not report.fresh
    assert "upscore_final.weight" in report.loaded
    assert all(torch.equal(second.state_dict()[name], tensor) for name, tensor in first.state_dict().items())


@pytest.mark.parametrize("family", ["plain", "caffe", "aligned"])
@pytest.mark.parametrize("classes", [2, 5])
def test_scores_start_anew_where_the_classes_differ(family, classes, quick_fcn):
    source, model = quick_fcn("fcn16s_vgg11", classes, family=family), FCN("fcn8s_vgg11", 2, family=family)
    with torch.no_grad():
        for parameter in model.parameters():  # whose memory nobody has written
            parameter.fill_(0.5)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    load_shared(model, source.state_dict(), "source", same_classes=False)
    for name, tensor in model.state_dict().items():
        is_score = name.startswith(("score_", "upscore_"))
        expected = before if is_score or name not in source.state_dict() else source.state_dict()
        assert torch.equal(tensor, expected[name]), name


def test_a_whole_network_that_does_not_fit_as_weights_is_one_to_start_from(quick_fcn):
    with pytest.raises(WeightsError, match=r"score_fr\.weight is 3x.*--init-from$"):
        load_weights(quick_fcn("fcn16s_vgg11", 2), quick_fcn("fcn16s_vgg11", 3).state_dict())


def test_stages_must_share_family_backbone_classes_and_channels(quick_fcn):
    finer = quick_fcn("fcn16s_vgg11", 2)
    before = {name: tensor.clone() for name, tensor in finer.state_dict().items()}
    for arguments, told in (
        (("fcn32s_vgg11", 3), r"score_fr\.weight is 3x"),
        (("fcn32s_vgg13", 2), r"missing: backbone\.pool2\.3\.weight.*surplus: backbone\.pool1\.2\.weight"),
        (("fcn32s_vgg11_bn", 2), r"surplus: backbone\.pool1\.1\.weight"),
    ):
        with pytest.raises(WeightsError, match=rf"^c differs in more than stride and classes: .*{told}"):
            load_shared(finer, quick_fcn(*arguments).state_dict(), "c")
    with pytest.raises(WeightsError, match=r"fc6\.weight is 4096x512x1x1"):
        load_shared(finer, quick_fcn("fcn32s_vgg11", 2, family="plain").state_dict(), "c")
    with pytest.raises(WeightsError, match=r"backbone\.pool1\.0\.weight is 64x1x3x3, expected 64x3x3x3"):
        load_shared(finer, quick_fcn("fcn32s_vgg11", 2, in_channels=1).state_dict(), "c")
    with pytest.raises(WeightsError, match="c: expected a pixelwise network"):
        load_shared(finer, reference.features_weights("vgg11"), "c")
    assert all(torch.equal(tensor, before[name]) for name, tensor in finer.state_dict().items())
