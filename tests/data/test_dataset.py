import pytest

from pixelwise.data.dataset import EpochSampler, ShareSampler


def test_an_epoch_draws_every_picture_once_but_for_the_incomplete_batch() -> None:
    sampler = EpochSampler(10, 4, seed=0)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == 8
    assert len({draw.picture for draw in drawn}) == 8


def test_epochs_and_seeds_differ_and_repeat() -> None:
    orders = set()
    for seed in (0, 1):
        for epoch in (0, 1):
            sampler = EpochSampler(20, 4, seed)
            sampler.set_epoch(epoch)
            first, again = [draw.picture for draw in sampler], [draw.picture for draw in sampler]
            assert first == again
            assert {draw.turn for draw in sampler} == {epoch}
            orders.add(tuple(first))
    assert len(orders) == 4


def test_several_passes_an_epoch_are_those_of_as_many_epochs() -> None:
    single, triple = EpochSampler(10, 4, seed=0), EpochSampler(10, 4, seed=0, repeats=3)
    triple.set_epoch(2)
    passes = []
    for epoch in (6, 7, 8):
        single.set_epoch(epoch)
        passes += list(single)
    assert list(triple) == passes
    assert len(triple) == len(passes)


@pytest.mark.parametrize("world", [2, 4])
def test_several_processes_train_on_the_batches_of_one(world: int) -> None:
    whole = list(EpochSampler(19, 4, seed=3))
    shares = [list(EpochSampler(19, 4, 3, rank, world)) for rank in range(world)]
    each = 4 // world
    for batch in range(4):
        together = {draw for share in shares for draw in share[batch * each : (batch + 1) * each]}
        assert together == set(whole[batch * 4 : (batch + 1) * 4])


def test_shares_of_validation_overlap_nowhere_and_leave_nothing_out() -> None:
    shares = [list(ShareSampler(7, rank, 3)) for rank in range(3)]
    assert sorted(index for share in shares for index in share) == list(range(7))
