"""The four scores, against a loop over pixels and against masks worked out by hand."""

import math

import numpy as np
import pytest

from pixelwise.errors import ConfigError
from pixelwise.evaluation import count_confusion
from pixelwise.metrics import Scores

IGNORE = 255


def score(prediction, truth, num_classes):
    prediction, truth = np.array(prediction, np.uint8), np.array(truth, np.uint8)
    return Scores.from_confusion(count_confusion(prediction, truth, num_classes, IGNORE))


def mean(values):
    return sum(values) / len(values) if values else math.nan


def slow_scores(prediction, truth, num_classes):
    """The scores as the paper words them, pixel by pixel, with sets instead of a matrix."""
    pixels = [(int(p), int(t)) for p, t in zip(prediction.flat, truth.flat, strict=True) if t != IGNORE]
    iou, accuracy, share = {}, {}, {}
    for c in range(num_classes):
        both = sum(1 for p, t in pixels if p == c and t == c)
        either = sum(1 for p, t in pixels if p == c or t == c)
        true = sum(1 for _, t in pixels if t == c)
        if either:
            iou[c] = both / either
        if true:
            accuracy[c], share[c] = both / true, true / len(pixels)
    return {
        "pixel_accuracy": mean([float(p == t) for p, t in pixels]),
        "mean_accuracy": mean(list(accuracy.values())),
        "mean_iou": mean(list(iou.values())),
        "frequency_weighted_iou": sum(share[c] * iou[c] for c in share) if pixels else math.nan,
        "class_iou": [iou.get(c, math.nan) for c in range(num_classes)],
        "class_accuracy": [accuracy.get(c, math.nan) for c in range(num_classes)],
    }


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("num_classes", [1, 2, 3, 11])
def test_scores_equal_a_loop_over_pixels(seed, num_classes):
    random = np.random.default_rng((seed, num_classes))
    size = tuple(random.integers(1, 12, 2))
    # Drawing from a few of the classes leaves others absent from truth, prediction or both.
    of_truth = random.choice(num_classes, random.integers(1, num_classes + 1), replace=False)
    of_prediction = random.choice(num_classes, random.integers(1, num_classes + 1), replace=False)
    truth = random.choice(of_truth, size).astype(np.uint8)
    prediction = random.choice(of_prediction, size).astype(np.uint8)
    truth[random.random(size) < random.choice([0, 0.3, 1], p=[0.4, 0.5, 0.1])] = IGNORE

    scores, slow = score(prediction, truth, num_classes), slow_scores(prediction, truth, num_classes)
    for name, expected in slow.items():
        np.testing.assert_allclose(getattr(scores, name), expected, rtol=1e-12, err_msg=name)


def test_scores_of_a_mask_worked_out_by_hand():
    # Class 0: 1 right of 2 true, and no other pixel called 0: IoU 1/2.
    # Class 1: 2 right of 2 true, 3 called 1: IoU 2/3.
    scores = score([[0, 1], [1, 1]], [[0, 0], [1, 1]], 2)
    assert scores.confusion.tolist() == [[1, 1], [0, 2]]
    assert scores.pixel_accuracy == 3 / 4
    assert scores.mean_accuracy == (1 / 2 + 1) / 2
    assert scores.mean_iou == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert scores.frequency_weighted_iou == pytest.approx(1 / 2 * 1 / 2 + 1 / 2 * 2 / 3)


def test_a_perfect_mask_scores_one_whatever_classes_are_absent():
    scores = score([[2, 2], [0, 2]], [[2, 2], [0, IGNORE]], 5)
    assert (scores.pixel_accuracy, scores.mean_accuracy) == (1, 1)
    assert (scores.mean_iou, scores.frequency_weighted_iou) == (1, 1)
    assert np.isnan(scores.class_iou).tolist() == [False, True, False, True, True]


def test_a_class_that_is_predicted_but_never_true_counts_as_zero_iou():
    scores = score([[0, 1], [0, 0]], [[0, 0], [0, 0]], 3)
    assert scores.class_iou[1] == 0
    assert scores.mean_iou == (3 / 4 + 0) / 2
    assert math.isnan(scores.class_accuracy[1])
    assert scores.mean_accuracy == 3 / 4


@pytest.mark.parametrize("guess", [0, 1, 2])
def test_ignored_pixels_do_not_change_the_score(guess):
    truth = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
    prediction = np.array([[0, 1, 1], [2, 0, 0]], np.uint8)
    border = np.full((2, 4), IGNORE, np.uint8)
    wider = score(np.hstack([prediction, np.full((2, 4), guess)]), np.hstack([truth, border]), 3)
    assert wider.to_dict(("a", "b", "c")) == score(prediction, truth, 3).to_dict(("a", "b", "c"))


def test_nothing_but_ignored_pixels_has_no_score():
    scores = score([[0, 1]], [[IGNORE, IGNORE]], 2)
    assert scores.confusion.sum() == 0
    assert math.isnan(scores.pixel_accuracy)
    assert math.isnan(scores.mean_iou)
    assert scores.to_dict(("a", "b"))["mean_iou"] is None


def test_the_set_is_scored_as_one_and_not_as_the_mean_of_its_pictures():
    easy, hard = np.array([[8, 0], [0, 0]]), np.array([[0, 0], [1, 1]])
    whole = Scores.from_confusion(easy + hard)
    assert whole.mean_iou == pytest.approx((8 / 9 + 1 / 2) / 2)
    pictures = [Scores.from_confusion(counts).mean_iou for counts in (easy, hard)]
    assert mean(pictures) == pytest.approx((1 + (0 + 1 / 2) / 2) / 2)


def test_absent_classes_are_null_in_json_and_keep_their_place():
    values = score([[0, 2]], [[0, 2]], 3).to_dict(("sky", "bird", "sea"))
    assert values["classes"]["bird"] == {"iou": None, "accuracy": None, "pixels": 0}
    assert values["classes"]["sea"] == {"iou": 1.0, "accuracy": 1.0, "pixels": 1}
    assert values["confusion"] == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]


def test_counts_beyond_32_bits_stay_exact():
    scores = Scores.from_confusion(np.array([[2**40, 1], [0, 2**40]], np.int64))
    assert scores.confusion[0, 0] == 2**40
    assert scores.pixel_accuracy < 1


@pytest.mark.parametrize("shape", [(2, 3), (4,), (2, 2, 2)])
def test_a_matrix_that_is_not_square_is_refused(shape):
    with pytest.raises(ConfigError, match="square"):
        Scores.from_confusion(np.zeros(shape, int))


def test_counts_below_zero_are_refused():
    with pytest.raises(ConfigError, match="counts pixels, found -1"):
        Scores.from_confusion(np.array([[2, -1], [0, 2]]))
