"""A small set of generated pictures and a small network, quantised once for all tests."""

from functools import partial

import pytest

from export.tiny import card_of, make_tiny
from pixelwise.data.folder import open_data
from pixelwise.data.shapes import write_shapes
from pixelwise.export.write import export_network
from pixelwise.quantization.calibration import fit_layers, read_batches, read_folded, sample


@pytest.fixture(scope="session")
def shapes(tmp_path_factory):
    """Return a data set of pictures of about 48 x 64."""
    root = write_shapes(tmp_path_factory.mktemp("shapes") / "data", train=6, val=4, test=0, size=(48, 64))
    return open_data(root)


@pytest.fixture(scope="session")
def exported(shapes, tmp_path_factory):
    """Return the .xml file of a tiny network for these pictures."""
    return export_tiny(shapes, tmp_path_factory.mktemp("exported"))


@pytest.fixture(scope="session")
def fitted(exported, shapes):
    """Return the network in float, and its convolutions in int8."""
    return fit(exported, shapes)


def export_tiny(shapes, folder, name="fcn8s_vgg11", **options):
    model = make_tiny(name, shapes.labels.num_classes, **options)
    card = card_of(model)
    path = folder / "model.xml"
    return export_network(model, type(card)(card.network, shapes.labels, {}, card.fingerprint), path).path


def fit(path, shapes, pictures=2):
    from pixelwise.engines.openvino import read_graph

    graph, form = read_folded(path), read_graph(path)[1].form
    chosen, _ = sample(shapes.split("train"), pictures, 0, form)
    return graph, fit_layers(graph, partial(read_batches, chosen, form, 0), pictures)
