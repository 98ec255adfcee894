import gc
import warnings

import pytest

from pixelwise.data.stored import Again, Stored


@pytest.mark.parametrize("number", [0, 1, 127, 128, 129, 1000])
def test_items_come_back_in_order_as_often_as_one_likes(number):
    items = [(place, str(place), {place: bytes(5)}) for place in range(number)]
    stored = Stored(iter(items))
    assert len(stored) == number
    assert list(stored) == list(stored) == items


def test_two_may_go_through_it_at_once():
    stored = Stored(range(500))
    assert list(zip(stored, stored, strict=True)) == [(place, place) for place in range(500)]


def test_its_file_is_closed_when_nobody_holds_it():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stored = Stored([1])
        file = stored._file
        del stored
        gc.collect()
    assert file.closed


def test_what_a_function_yields_is_gone_through_again():
    again = Again(lambda: (place for place in range(3)))
    assert list(again) == list(again) == [0, 1, 2]
