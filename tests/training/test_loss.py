import pytest
import torch
import torch.nn.functional as F

from pixelwise.training.loss import cross_entropy, dice_loss, weights_from_pixels


def _batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 5, 6, 7, generator=generator)
    target = torch.randint(0, 5, (2, 6, 7), generator=generator)
    target[0, :2] = 255
    return logits, target


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 1.0, 2.0, 0.1, 3.0])])
def test_the_loss_is_the_mean_over_the_pixels_that_have_a_class(weights: torch.Tensor | None) -> None:
    logits, target = _batch()
    expected = F.cross_entropy(logits, target, weights, ignore_index=255)
    torch.testing.assert_close(cross_entropy(logits, target, weights), expected)


def test_logits_at_ignored_pixels_change_nothing() -> None:
    logits, target = _batch()
    changed = torch.where(target[:, None] == 255, torch.full_like(logits, 1e4), logits)
    assert torch.equal(cross_entropy(logits, target), cross_entropy(changed, target))


def test_a_batch_without_any_class_has_loss_and_gradient_zero() -> None:
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    loss = cross_entropy(logits, torch.full((1, 4, 4), 255))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_rare_classes_weigh_more_by_the_inverse_root_of_their_share() -> None:
    weights = weights_from_pixels(torch.tensor([900, 100, 0]))
    assert weights.mean().item() == pytest.approx(1)
    assert (weights[1] / weights[0]).item() == pytest.approx(3)
    assert weights[2] == weights[1]


def test_dice_is_one_minus_the_mean_dice_of_the_classes_that_are_there() -> None:
    logits, target = _batch()
    target[1] %= 3  # classes 3 and 4 are in the first picture alone
    probs, valid = logits.softmax(1), target != 255
    scores = []
    for picture in range(2):
        of_picture = []
        for c in target[picture][valid[picture]].unique().tolist():
            truth = (target[picture] == c) & valid[picture]
            found = probs[picture, c] * valid[picture]
            of_picture.append(2 * float((found * truth).sum()) / float(found.sum() + truth.sum()))
        scores.append(sum(of_picture) / len(of_picture))
    assert dice_loss(logits, target).item() == pytest.approx(1 - sum(scores) / 2, abs=1e-6)


def test_dice_of_a_right_answer_is_0_and_pixels_without_class_do_not_count() -> None:
    _, target = _batch()
    right = F.one_hot(target.where(target != 255, 0), 5).permute(0, 3, 1, 2).float() * 100
    assert dice_loss(right, target).item() == pytest.approx(0, abs=1e-6)
    changed = torch.where(target[:, None] == 255, -right, right)
    assert dice_loss(changed, target).item() == pytest.approx(0, abs=1e-6)
    logits = torch.zeros(1, 5, 2, 2, requires_grad=True)
    dice_loss(logits, torch.full((1, 2, 2), 255)).backward()
    assert logits.grad is not None
    assert not logits.grad.any()
