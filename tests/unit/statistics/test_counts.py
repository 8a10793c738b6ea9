"""What was counted: shapes and numbers that cannot be are refused; what was not read is not zero."""

from collections.abc import Callable

import numpy as np
import pytest

from smendpoints.statistics.counts import Counts, Sums, both_read

HOLE = np.nan


@pytest.mark.parametrize(
    "counts",
    [
        lambda: Counts(np.array([1.0, 2.0]), np.array([1.0])),
        lambda: Counts(np.array(3.0), np.array(1.0)),
        lambda: Counts(np.array([2.0]), np.array([3.0])),
        lambda: Counts(np.array([2.0]), np.array([-1.0])),
        lambda: Counts(np.array([-2.0]), np.array([-2.0])),
        lambda: Counts(np.array([2.5]), np.array([1.0])),
        lambda: Counts(np.array([2.0]), np.array([0.5])),
        lambda: Counts(np.array([np.inf]), np.array([1.0])),
        lambda: Counts(np.array([HOLE]), np.array([1.0])),
        lambda: Counts.of_cumulative([1, 5, 4], [0, 0, 0]),
        lambda: Sums(np.array([2.0]), np.array([10.0]), np.array([49.0])),
        lambda: Sums(np.array([0.0]), np.array([1.0]), np.array([1.0])),
        lambda: both_read(Counts(np.ones(2), np.ones(2)), Counts(np.ones(3), np.ones(3))),
    ],
)
def test_what_cannot_have_been_counted_is_refused(counts: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        counts()


def test_running_totals_become_batches() -> None:
    counts = Counts.of_cumulative([10, 10, 25], [1, 1, 4])
    assert counts.requests.tolist() == [10, 0, 15]
    assert counts.events.tolist() == [1, 0, 3]


def test_a_batch_that_one_side_misses_counts_on_neither() -> None:
    control = Counts(np.array([5.0, 6.0, 7.0]), np.array([1.0, 2.0, 3.0]))
    challenger = Counts(np.array([8.0, HOLE, 9.0]), np.array([4.0, HOLE, 5.0]))
    one, other = both_read(control, challenger)
    assert one.requests.tolist() == [5, 0, 7]
    assert one.events.tolist() == [1, 0, 3]
    assert other.requests.tolist() == [8, 0, 9]
