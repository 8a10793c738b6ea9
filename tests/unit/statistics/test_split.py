"""The split of requests: exact evidence, whatever the batches, while weights change."""

import itertools
import math

import numpy as np
import pytest
from scipy.special import gammaln

from smendpoints.statistics.mixture import threshold
from smendpoints.statistics.split import CONCENTRATIONS, log_evidence, log_gamma


def test_with_constant_weights_it_is_the_dirichlet_multinomial_ratio_whatever_the_batches() -> None:
    weights = np.array([0.2, 0.3, 0.5])
    requests = np.array([[3, 0, 7, 40], [2, 5, 0, 11], [4, 1, 9, 60]])
    found = log_evidence(requests, weights)
    total = requests.sum(axis=-1)
    ratios = []
    for strength in CONCENTRATIONS:
        prior = strength * weights
        marginal = (gammaln(prior + total) - gammaln(prior)).sum() - gammaln(strength + total.sum()) + gammaln(strength)
        ratios.append(marginal - (total * np.log(weights)).sum())
    assert found[-1] == pytest.approx(np.logaddexp.reduce(ratios) - math.log(len(ratios)))
    assert log_evidence(total[:, None], weights)[-1] == pytest.approx(found[-1])


def test_its_expected_value_is_one_while_the_weights_change() -> None:
    sizes, weights = (3, 2, 4), np.array([[0.9, 0.5, 0.0], [0.1, 0.5, 1.0]])
    expected = np.zeros(3)
    for seconds in itertools.product(*(range(n + 1) for n in sizes)):
        chance = math.prod(
            math.comb(n, k) * float(p) ** k * float(1 - p) ** (n - k)
            for n, k, p in zip(sizes, seconds, weights[1], strict=True)
        )
        if chance > 0:
            requests = np.array([np.array(sizes) - seconds, seconds])
            expected += chance * np.exp(log_evidence(requests, weights))
    np.testing.assert_allclose(expected, 1.0)


def test_a_right_split_is_called_broken_no_more_often_than_alpha_and_a_wrong_one_is_found() -> None:
    rng = np.random.default_rng(1)
    share = np.repeat([0.01, 0.1, 0.5], 40)
    m = rng.binomial(200, share, (4000, 120))
    right = log_evidence(np.stack([200 - m, m], axis=-2), np.stack([1 - share, share])).max(axis=-1)
    assert np.mean(right >= threshold(0.01)) <= 0.01
    m = rng.binomial(200, share * 0.9, (200, 120))  # every tenth request of the challenger is lost
    wrong = log_evidence(np.stack([200 - m, m], axis=-2), np.stack([1 - share, share])).max(axis=-1)
    assert np.mean(wrong >= threshold(0.001)) > 0.95


def test_a_request_to_a_variant_without_a_weight_is_proof() -> None:
    found = log_evidence([[5, 5, 5], [0, 1, 0]], [1, 0])
    assert found[0] == pytest.approx(0)
    assert found[1:].tolist() == [np.inf, np.inf]


def test_what_could_not_be_read_tells_nothing() -> None:
    found = log_evidence([[50, np.nan, 50], [0, np.nan, 0]], [3, 1])
    assert found[1] == found[0]
    assert found[2] > found[1]


@pytest.mark.parametrize(
    ("requests", "weights"),
    [
        ([[1, 2], [3, 4]], [1, 2, 3]),
        ([1, 2], [1, 2]),
        ([[-1], [2]], [1, 1]),
        ([[1], [2]], [-1, 2]),
        ([[1], [2]], [0, 0]),
        ([[1], [2]], [math.inf, 1]),
    ],
)
def test_what_is_no_split_is_refused(requests: list[list[float]], weights: list[float]) -> None:
    with pytest.raises(ValueError, match=r"."):
        log_evidence(requests, weights)


def test_the_gamma_function_is_right_to_twelve_digits() -> None:
    x = np.geomspace(1e-6, 1e12, 500)
    np.testing.assert_allclose(log_gamma(x), gammaln(x), rtol=1e-12, atol=1e-12)
