"""Ranking layers, and finding how few of them have to be put back."""

from dataclasses import replace

import numpy as np
import pytest

from pixelwise.engines import openvino as openvino_engine
from pixelwise.quantization.sensitivity import fewest, rank


def test_the_layer_whose_weights_are_worst_comes_first(fitted):
    graph, layers = fitted
    spoiled = [
        replace(layer, scale=layer.scale * (1.5 if layer.name == "fc6" else 1))
        for layer in layers
        if layer.name in ("backbone.pool5.18", "fc6", "fc7")
    ]
    told = []
    picture = np.random.default_rng(0).integers(0, 256, (1, 3, 40, 50), dtype=np.uint8)
    ranking = rank(graph, spoiled, [picture], lambda done, total: told.append((done, total)))
    assert ranking[0].layer.name == "fc6"
    assert ranking[0].error > max(0.05, 2 * ranking[1].error)
    assert ranking[1].error >= ranking[2].error
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_ranking_starts_no_more_threads_than_a_container_leaves(fitted, monkeypatch):
    graph, layers = fitted
    core, networks = openvino_engine.core, []

    class Core:
        def compile_model(self, *given):
            networks.append(core().compile_model(*given))
            return networks[-1]

    monkeypatch.setattr(openvino_engine, "core", Core)
    monkeypatch.setattr(openvino_engine, "limited_cores", lambda: 1)
    monkeypatch.setattr(openvino_engine, "count_cores", lambda whole: 1)
    rank(graph, layers[:1], [np.zeros((1, 3, 8, 8), np.uint8)])
    assert [network.get_property("INFERENCE_NUM_THREADS") for network in networks] == [1, 1]


@pytest.mark.parametrize("most", [1, 2, 9, 14])
def test_the_smallest_number_that_passes_is_found_in_few_trials(most):
    for smallest in range(1, most + 1):
        tried = []

        def try_out(number, smallest=smallest, tried=tried):
            tried.append(number)
            return number, number >= smallest

        assert fewest(most, try_out) == smallest
        assert len(tried) <= 1 + np.log2(most)


def test_none_is_found_where_none_passes():
    assert fewest(9, lambda number: (number, False)) is None
    assert fewest(0, lambda number: (number, True)) is None
