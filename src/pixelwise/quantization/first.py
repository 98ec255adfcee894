"""The first convolution in int8: it takes the numbers of the picture as they are, which have 8 bits.

The normalisation goes into its weights and its bias. What the network pads with, 0 behind the normalisation,
is the mean colour before it: rounded to 8 bits, it is off by half a step of the picture at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..engines.openvino import PRECISION, compile_graph
from ..engines.runtime import ops, ov
from .layers import Int8Layer, bias_of, constant_of, convolutions, name_of
from .pairs import LARGEST, round_weights

WHITE = 255
"""The largest number of a picture."""


@dataclass(frozen=True)
class FirstLayer(Int8Layer):
    """The convolution in int8 that takes the picture.

    Attributes:
        picture: Node of the graph that is the picture.
        colour: What is padded with (C,) uint8.
    """

    picture: str
    colour: NDArray[np.uint8]

    def round_input(self, nodes: dict[str, ov.Node]) -> None:
        """Put the picture, with the border that was padded, in the place of the normalised one."""
        node = nodes[self.node]
        before, behind = _border(node)
        planes = ops.split(nodes[self.picture], np.int64(1), len(self.colour)).outputs()
        padded = [
            ops.pad(plane, before, behind, "constant", ops.constant(value))
            for plane, value in zip(planes, self.colour, strict=True)
        ]
        limits = [np.float32(value) for value in (0, WHITE, 0, WHITE)]
        exact = ops.fake_quantize(ops.convert(ops.concat(padded, 1), "f32"), *limits, WHITE + 1)
        node.input(0).replace_source_output(exact.output(0))
        for name in ("pads_begin", "pads_end"):
            node.set_attribute(name, [0, 0])


def fit_first(graph: ov.Model) -> FirstLayer | None:
    """Return the first convolution of a network in int8; None where pictures or their mean exceed 8 bits.

    Args:
        graph: The network in float, as `read_folded` gives it; it is left as it was.
    """
    picture = graph.get_parameters()[0]
    node = convolutions(graph)[0]
    bias = bias_of(node)
    if picture.get_element_type() != ov.Type.u8 or bias is None:
        return None
    matrix, offset = _normalisation(graph)
    mean = np.linalg.solve(matrix, -offset)
    if mean.min() < 0 or mean.max() > WHITE:
        return None
    weights = np.einsum("oiyx,ij->ojyx", constant_of(node.input_value(1)).astype(np.float64), matrix)
    scale = np.abs(weights).max((1, 2, 3), keepdims=True) / LARGEST
    rounded, scale = round_weights(weights.astype(np.float32), np.maximum(scale, 1e-30).astype(np.float32))
    of_mean = np.einsum("ojyx,j->o", rounded * scale.astype(np.float64), mean)[None, :, None, None]
    shifted = constant_of(bias.get_source_output()) - of_mean  # exact for the mean colour
    return FirstLayer(
        name_of(node),
        node.get_friendly_name(),
        rounded,
        scale,
        shifted.astype(np.float32),
        picture.get_friendly_name(),
        np.rint(mean).astype(np.uint8),
    )


def _normalisation(graph: ov.Model) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return matrix (C, C) and offset (C,) of what is done to a colour before the first convolution."""
    copy = graph.clone()
    picture, colours = copy.get_parameters()[0], _unpadded(convolutions(copy)[0])
    channels = picture.partial_shape[1].get_length()
    network = compile_graph(ov.Model([colours], [picture], "normalisation"), {PRECISION: "f32"})
    tried = np.vstack([np.zeros((1, channels)), WHITE * np.eye(channels)]).astype(np.uint8)
    found = np.array(network([tried[:, :, None, None]])[0])[:, :, 0, 0].astype(np.float64)
    return (found[1:] - found[0]).T / WHITE, found[0]


def _unpadded(node: ov.Node) -> ov.Output:
    """Return the normalised picture that a convolution takes, before it is padded."""
    value = node.input_value(0)
    return value.get_node().input_value(0) if value.get_node().get_type_name() == "Pad" else value


def _border(node: ov.Node) -> tuple[ov.Node, ov.Node]:
    """Return the rows and columns (4,) that are padded before a picture and behind it, in all."""
    source, sides = node.input_value(0).get_node(), []
    for side, name in enumerate(("pads_begin", "pads_end"), start=1):
        own = np.array([0, 0, *node.get_attributes()[name]], np.int64)
        padded = source.input_value(side) if source.get_type_name() == "Pad" else ops.constant(0 * own)
        sides.append(ops.add(ops.convert(padded, "i64"), own))
    return sides[0], sides[1]
