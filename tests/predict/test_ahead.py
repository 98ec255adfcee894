import threading
import time

import pytest

from pixelwise.predict.ahead import ahead


def test_results_come_in_order_and_complete():
    def late(number):
        time.sleep(0.01 * (number % 3))
        return number * number

    assert list(ahead(late, range(20))) == [number * number for number in range(20)]


def test_no_more_than_a_few_items_are_drawn_before_they_are_needed():
    drawn = []
    results = ahead(lambda number: number, (drawn.append(n) or n for n in range(100)), threads=2)
    for used in range(10):
        next(results)
        assert len(drawn) <= used + 1 + 2
    results.close()
    assert len(drawn) < 15


def test_work_runs_while_the_caller_does_something_else():
    started = threading.Event()

    def work(number):
        if number == 1:
            started.set()
        return number

    results = ahead(work, range(3), threads=1)
    next(results)
    assert started.wait(5)
    results.close()


def test_an_error_ends_it_and_reaches_the_caller():
    def fail(number):
        if number == 3:
            raise ValueError("third")
        return number

    results = ahead(fail, range(10))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="third"):
        next(results)
