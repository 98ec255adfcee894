"""An exported network cut in three: pictures to maps, maps to scores, scores to every pixel.

The cuts are where little passes: `front` ends at pool4 and at the scores of the finer skips, `back` at the
scores that are upsampled last. Each part takes any size, so that large pictures go through in pieces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import CheckpointError
from .runtime import ops, ov

POOLS = 5
UPSAMPLINGS = ("Interpolate", "ConvolutionBackpropData")
QUANTISER = "FakeQuantize"


@dataclass(frozen=True)
class Parts:
    """A network in parts.

    Attributes:
        whole: Pictures (N, H, W, in_channels) uint8 to scores (N, H/s, W/s, C), s being the network's stride:
            `front` and `back` in one, for pictures that need no pieces.
        front: Pictures to pool4 (N, 512, H/16, W/16) and, where skips finer than pool4 are fused, their
            scores.
        back: What `front` gives to scores.
        kernel: Weights (C, C, n s, n s) of the last upsampling; None if it interpolates bilinearly.
        pools: Which pool each map that `front` gives is on: 4, then 3, 2, 1 as far as they are fused.
        is_quantised: Whether the graph was quantised to int8.
    """

    whole: ov.Model
    front: ov.Model
    back: ov.Model
    kernel: ov.Output | None
    pools: tuple[int, ...]
    is_quantised: bool

    def margins(self, stride: int) -> tuple[int, int]:
        """Return how many rows of scores above its own, and below, a pixel depends on."""
        return (1, 1) if self.kernel is None else (self.kernel.get_shape()[2] // stride - 1, 0)


def cut(graph: ov.Model) -> Parts:
    """Cut a graph that `pixelwise.export` wrote; the graph is used up.

    Args:
        graph: Pictures (N, in_channels, H, W), uint8 or float32, to logits.

    Raises:
        CheckpointError: the graph is not built as ours are.
    """
    nodes = graph.get_ordered_ops()
    pools = [node for node in nodes if node.get_type_name() == "MaxPool"]
    if len(pools) != POOLS:
        raise CheckpointError(f"found {len(pools)} pools in the exported network, expected {POOLS}")
    upsampling = _walk_up(graph.get_results()[0], UPSAMPLINGS)
    scores = upsampling.input_value(0)
    names = [node.get_name() for node in pools]
    behind = _names_behind(nodes, pools[3])
    maps = {4: pools[3].output(0)}
    for node in nodes:
        for value in node.input_values() if node.get_name() in behind else ():
            if value.get_node().get_name() not in behind and _is_map(value):
                maps[1 + names.index(_walk_up(value.get_node(), ("MaxPool",)).get_name())] = value
    maps = dict(sorted(maps.items(), reverse=True))

    images = graph.get_parameters()[0]
    floats = images.get_element_type() == ov.Type.f32
    channels = images.partial_shape[1].get_length()
    pictures = ops.parameter([-1, -1, -1, channels], np.float32 if floats else np.uint8)
    if floats:
        _take_mean_first(images, pictures)
    images.output(0).replace(ops.transpose(pictures, _ints([0, 3, 1, 2])).output(0))
    last = ops.transpose(scores, _ints([0, 2, 3, 1]))
    whole = ov.Model([last], [pictures], "whole").clone()
    front = ov.Model(list(maps.values()), [pictures], "front")
    inputs = [_replace(value, behind) for value in maps.values()]
    return Parts(
        whole,
        front,
        ov.Model([last], inputs, "back"),
        upsampling.input_value(1) if upsampling.get_type_name() == "ConvolutionBackpropData" else None,
        tuple(maps),
        any(node.get_type_name() == QUANTISER for node in nodes),
    )


def _take_mean_first(images: ov.Node, pictures: ov.Node) -> None:
    """Have the mean taken out of numbers beyond 8 bits before all else.

    bf16 keeps 8 bits of a number. OpenVINO computes a subtraction that directly follows the input in float32,
    but whatever else comes first would round the numbers, and with them what they differ by.
    """
    node: ov.Node = images
    while node.get_type_name() != "Subtract":
        kinds = {target.get_node().get_type_name(): target for target in node.output(0).get_target_inputs()}
        if not kinds.keys() & {"Convert", "Subtract"}:
            raise CheckpointError("found no mean in the exported network, expected it behind the pictures")
        node = (kinds.get("Subtract") or kinds["Convert"]).get_node()
    mean = ops.reshape(node.input_value(1), _ints([-1]), special_zero=False)  # (C,)
    centred = ops.subtract(pictures, mean)
    node.output(0).replace(ops.transpose(centred, _ints([0, 3, 1, 2])).output(0))


def upsample_graph(parts: Parts, num_classes: int, stride: int, *, best: bool) -> ov.Model:
    """Return the graph from scores (N, h, w, C) to every pixel, uncropped.

    A transposed convolution is computed as one matrix product: each of its cells is a block of stride x
    stride pixels. That is quicker than OpenVINO's own, and the best class is found before the pixels are put
    into their places.

    Args:
        parts: The network.
        num_classes: C.
        stride: s.
        best: Give ids (N, s h, s w) uint8 in place of logits (N, C, s h, s w) float32. Of equal scores the
            first class is taken.
    """
    scores = ops.parameter([-1, -1, -1, num_classes], np.float32)
    if parts.kernel is None:
        logits = ops.interpolate(
            ops.transpose(scores, _ints([0, 3, 1, 2])),
            np.array([stride, stride], np.float32),
            "linear_onnx",
            "scales",
            axes=_ints([2, 3]),
            coordinate_transformation_mode="half_pixel",
        )
        return ov.Model([_best(logits, 1) if best else logits], [scores], "upsampling")
    blocks = _blocks(scores, parts.kernel, stride)  # (N, h, w, C, s * s)
    kept, factors = ([0, 1, 2], [1, stride, stride]) if best else ([0, 3, 1, 2], [1, 1, stride, stride])
    sizes = ops.gather(ops.shape_of(blocks), _ints(kept), np.int64(0))
    sizes = ops.multiply(sizes, _ints(factors))
    if best:
        pixels = ops.reshape(_best(blocks, 3), _ints([0, 0, 0, stride, stride]), special_zero=True)
        pixels = ops.transpose(pixels, _ints([0, 1, 3, 2, 4]))  # (N, h, s, w, s)
    else:
        pixels = ops.reshape(blocks, _ints([0, 0, 0, num_classes, stride, stride]), special_zero=True)
        pixels = ops.transpose(pixels, _ints([0, 3, 1, 4, 2, 5]))  # (N, C, h, s, w, s)
    return ov.Model([ops.reshape(pixels, sizes, special_zero=False)], [scores], "upsampling")


def _blocks(cells: ov.Node, weights: ov.Output, stride: int) -> ov.Node:
    """Return a transposed convolution of (N, h, w, C) as (N, h', w', C', stride * stride).

    With a kernel of n strides (h', w') is (h + n - 1, w + n - 1): a block depends on the n x n cells at it,
    above it and to its left.
    """
    count, classes, kernel, _ = weights.get_shape()
    reach = kernel // stride
    if reach > 1:
        border = _ints([0, reach - 1, reach - 1, 0])
        padded = ops.pad(cells, border, border, "constant", np.float32(0))
        cells = ops.concat(
            [_window(_window(padded, 1, a, reach), 2, b, reach) for a in range(reach) for b in range(reach)],
            3,
        )
    split = ops.reshape(weights, _ints([count, classes, reach, stride, reach, stride]), special_zero=False)
    matrix = ops.reshape(
        ops.transpose(split, _ints([2, 4, 0, 1, 3, 5])),
        _ints([reach * reach * count, classes * stride * stride]),
        special_zero=False,
    )
    product = ops.matmul(cells, matrix, False, False)
    return ops.reshape(product, _ints([0, 0, 0, classes, stride * stride]), special_zero=True)


def _window(padded: ov.Node, axis: int, back: int, reach: int) -> ov.Node:
    """Return a map, padded by reach - 1 on both sides, as seen `back` cells before."""
    start, stop = reach - 1 - back, np.iinfo(np.int64).max if back == 0 else -back
    return ops.slice(padded, _ints([start]), _ints([stop]), _ints([1]), _ints([axis]))


def _ints(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def _best(logits: ov.Node, axis: int) -> ov.Node:
    found = ops.topk(
        logits, k=np.int32(1), axis=axis, mode="max", sort="none", index_element_type="i32", stable=False
    )
    return ops.convert(ops.squeeze(found.output(1), [axis]), "u8")


def _names_behind(nodes: list[ov.Node], start: ov.Node) -> set[str]:
    """Return the names of all nodes that are computed from one, `nodes` being in their order."""
    behind = {start.get_name()}
    for node in nodes:
        if any(value.get_node().get_name() in behind for value in node.input_values()):
            behind.add(node.get_name())
    return behind - {start.get_name()}


def _is_map(value: ov.Output) -> bool:
    """Tell whether a value depends on the picture's size and is no size itself."""
    return bool(value.get_element_type().is_real() and value.get_partial_shape().is_dynamic)


def _walk_up(node: ov.Node, types: tuple[str, ...]) -> ov.Node:
    """Follow what a map is made of up to a node of one of the types."""
    while node.get_type_name() not in types:
        sources = [value.get_node() for value in node.input_values() if _is_map(value)]
        if not sources:
            raise CheckpointError(f"found no {' or '.join(types)} where the exported network should have it")
        node = sources[0]
    return node


def _replace(value: ov.Output, behind: set[str]) -> ov.Node:
    """Put a parameter in the place of a value, for the nodes behind it, and return it.

    A map that is quantised before its pool is quantised again behind the cut, which changes no number, so
    that the next convolution computes in int8.
    """
    parameter = ops.parameter(value.get_partial_shape(), np.float32)
    entry, source = parameter, value.get_node()
    if source.get_type_name() == "MaxPool":
        source = source.input_value(0).get_node()
    if source.get_type_name() == QUANTISER:
        limits, levels = source.input_values()[1:], source.get_attributes()["levels"]
        entry = ops.fake_quantize(parameter, *limits, levels)
    for target in value.get_target_inputs():
        if target.get_node().get_name() in behind:
            target.replace_source_output(entry.output(0))
    return parameter
