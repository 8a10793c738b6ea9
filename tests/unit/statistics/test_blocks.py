"""Blocks: every request is in one, none spans two periods, and they are as long as comparing within them is worth."""

import numpy as np
import pytest

from smendpoints.statistics.blocks import Blocks


def test_a_large_batch_is_a_block_and_small_ones_are_put_together() -> None:
    large = Blocks.of(np.full((1, 5), 500.0), np.full((1, 5), 500.0))
    assert large.ends.tolist() == [[True] * 5]
    rng = np.random.default_rng(1)
    to = rng.integers(0, 2, (1, 5000)).astype(float)
    small = Blocks.of(1 - to, to)
    number = int(small.ends.sum())
    assert 60 < number < 120  # about sqrt(2 n)
    sizes = (small.control + small.challenger)[0]
    assert sizes[0] <= 10
    assert 50 < sizes[-1] < 200


def test_no_request_is_counted_twice_and_none_is_lost_but_for_what_has_no_end_yet() -> None:
    rng = np.random.default_rng(2)
    n, m = rng.poisson(2.0, (3, 400)).astype(float), rng.poisson(0.3, (3, 400)).astype(float)
    blocks = Blocks.of(n, m)
    for run in range(3):
        last = int(np.flatnonzero(blocks.ends[run])[-1])
        assert blocks.control[run].sum() == n[run, : last + 1].sum()
        assert blocks.challenger[run].sum() == m[run, : last + 1].sum()
        assert np.all(blocks.sum(n)[run] == blocks.control[run])


def test_no_block_spans_two_periods() -> None:
    ones = np.ones((1, 40))
    periods = np.repeat([7, 8, 7, 9], 10)
    ends = np.flatnonzero(Blocks.of(ones, ones, periods).ends[0])
    assert {9, 19, 29} <= set(ends)


def test_where_blocks_end_is_the_same_however_many_runs_there_are() -> None:
    rng = np.random.default_rng(3)
    n, m = rng.poisson(1.0, (4, 300)).astype(float), rng.poisson(1.0, (4, 300)).astype(float)
    together = Blocks.of(n, m)
    for run in range(4):
        alone = Blocks.of(n[run : run + 1], m[run : run + 1])
        assert alone.ends[0].tolist() == together.ends[run].tolist()
        width = alone.control.shape[1]
        assert alone.control[0].tolist() == together.control[run, :width].tolist()


def test_what_is_known_at_a_look_is_what_the_last_end_left() -> None:
    ones = np.ones((1, 6))
    blocks = Blocks.of(ones, ones, least=2)
    assert blocks.ends.tolist() == [[False, True, False, True, False, True]]
    assert blocks.at_looks(np.array([[10.0, 20.0, 30.0]]), 0.0).tolist() == [[0, 10, 10, 20, 20, 30]]


def test_periods_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        Blocks.of(np.ones((1, 3)), np.ones((1, 3)), [1, 2])
