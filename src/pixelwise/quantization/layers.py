"""Convolutions in int8: taken out of a network that NNCF has quantised, and put into one in float.

So any choice of layers is a graph at once, without a second look at the pictures.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engines.graph import QUANTISER
from ..engines.runtime import ops, ov
from ..errors import CheckpointError

SCORES = "score_"
"""How the names of the layers begin that score maps."""


@dataclass(frozen=True)
class Int8Layer(ABC):
    """A convolution in int8.

    Attributes:
        name: Its name in the network: "backbone.pool3.10", "fc6".
        node: Its name in the graph.
        weights: Weights (out, in, kh, kw) int8.
        scale: What the weights are multiplied by (out, 1, 1, 1) float32.
        bias: The bias, corrected for what rounding moves on average (1, out, 1, 1) float32; None if there is
            none.
    """

    name: str
    node: str
    weights: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32] | None

    def put_into(self, nodes: dict[str, ov.Node]) -> None:
        """Take the place of the convolution in float in a graph, whose nodes have these names.

        By the parts that OpenVINO recognises: an int8 constant times its scale for the weights, and
        FakeQuantize before the convolution.
        """
        node = nodes[self.node]
        self.round_input(nodes)
        weights = ops.multiply(ops.convert(ops.constant(self.weights), "f32"), ops.constant(self.scale))
        node.input(1).replace_source_output(weights.output(0))
        if self.bias is not None:
            bias_of(node).replace_source_output(ops.constant(self.bias).output(0))

    @abstractmethod
    def round_input(self, nodes: dict[str, ov.Node]) -> None:
        """Give the convolution an input in 8 bits."""


@dataclass(frozen=True)
class InnerLayer(Int8Layer):
    """A convolution in int8 whose input is a map that is rounded to 8 bits.

    Attributes:
        source: Node of the graph whose output is rounded to 8 bits.
        target: Node that reads what is rounded: the convolution, or the pool before it. A pool commutes with
            rounding, and is quicker behind it.
        limits: Lowest and highest number that goes in and comes out.
        levels: How many numbers lie between them, both included.
    """

    source: str
    target: str
    limits: tuple[NDArray[np.float32], ...]
    levels: int

    def round_input(self, nodes: dict[str, ov.Node]) -> None:
        """Round the map, whose range is `limits`."""
        rounded = ops.fake_quantize(nodes[self.source].output(0), *self.limits, self.levels)
        nodes[self.target].input(0).replace_source_output(rounded.output(0))


def convolutions(graph: ov.Model) -> list[ov.Node]:
    """Return the convolutions of a graph, first to last; learned upsamplings are not among them."""
    return [node for node in graph.get_ordered_ops() if node.get_type_name() == "Convolution"]


def name_of(node: ov.Node) -> str:
    """Return the name that a convolution has in the network."""
    name: str = node.get_friendly_name()
    return name.split("/")[0].removeprefix("__module.")


def constant_of(value: ov.Output) -> NDArray[Any]:
    """Return the numbers of a constant."""
    return np.array(value.get_node().get_data())


def read_layers(graph: ov.Model) -> list[InnerLayer]:
    """Return the convolutions that NNCF has quantised in a graph, first to last.

    Raises:
        CheckpointError: there is none.
    """
    layers = [_read_layer(node) for node in convolutions(graph) if _quantiser(node)]
    if not layers:
        raise CheckpointError("found no convolution that can be computed in int8")
    return layers


def put_in(graph: ov.Model, layers: Iterable[Int8Layer]) -> ov.Model:
    """Return a copy of a network in float with some convolutions in int8."""
    copy = graph.clone()
    nodes = {node.get_friendly_name(): node for node in copy.get_ordered_ops()}
    for layer in layers:
        layer.put_into(nodes)
    copy.validate_nodes_and_infer_types()
    return copy


def _read_layer(node: ov.Node) -> InnerLayer:
    target, quantiser = node, node.input_value(0).get_node()
    while quantiser.get_type_name() != QUANTISER:
        target, quantiser = quantiser, quantiser.input_value(0).get_node()
    scaled = node.input_value(1).get_node()
    integers = scaled.input_value(0).get_node()
    bias = bias_of(node)
    return InnerLayer(
        name_of(node),
        node.get_friendly_name(),
        constant_of(integers.input_value(0)).astype(np.int8),
        constant_of(scaled.input_value(1)).astype(np.float32),
        None if bias is None else constant_of(bias.get_source_output()).astype(np.float32),
        quantiser.input_value(0).get_node().get_friendly_name(),
        target.get_friendly_name(),
        tuple(constant_of(value).astype(np.float32) for value in quantiser.input_values()[1:]),
        quantiser.get_attributes()["levels"],
    )


def _quantiser(node: ov.Node) -> ov.Node | None:
    """Return what rounds the input of a convolution, directly or before a pool."""
    source = node.input_value(0).get_node()
    if source.get_type_name() == "MaxPool":
        source = source.input_value(0).get_node()
    return source if source.get_type_name() == QUANTISER else None


def bias_of(node: ov.Node) -> Any:
    """Return the input of the addition behind a convolution that takes its bias; None if it has none."""
    (reader,) = node.output(0).get_target_inputs()
    addition = reader.get_node()
    if addition.get_type_name() != "Add" or addition.input_value(1).get_node().get_type_name() != "Constant":
        return None
    return addition.input(1)
