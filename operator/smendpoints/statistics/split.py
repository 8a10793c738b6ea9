"""Is the traffic split as the weights say? A test for sample-ratio mismatch that may be looked at at any time.

If it is not, something chose who gets which variant (requests with `TargetVariant`, a variant that drops requests,
caches), and no comparison of the two can be believed. The evidence is the ratio of two probabilities of the counts:
under a Dirichlet prior around the weights, and under the weights themselves. The prior learns from each batch,
relative to its weights, so the weights may change on the way.

Paper: M. Lindon, A. Malek, "Anytime-valid inference for multinomial count data" (NeurIPS 2022, arXiv:2011.03567).
"""

import numpy as np
import numpy.typing as npt

from smendpoints.statistics.counts import Array

CONCENTRATIONS = (30.0, 1000.0)
"""Strengths of the prior, in requests: a broken split of few requests, and a slight shift of many. Each has half of
the stake."""


def log_evidence(requests: npt.ArrayLike, weights: npt.ArrayLike) -> Array:
    """The logarithm of the evidence against the split that the weights ask for, after each batch.

    The split is called broken at level alpha (0.001 is usual) once this has reached log(1/alpha): take the running
    maximum. Requests are taken to be dealt out independently of each other. Where users keep their variant, count
    users once, not requests (`assignment`).

    Args:
        requests: whole numbers of shape (..., variants, batches), per batch; NaN where a batch could not be read,
            which then tells nothing.
        weights: of shape (variants,) or (variants, batches), not negative, in any unit; batches around a change of
            the weights are to be left out.

    Returns: of shape (..., batches); infinite from where a variant of weight zero had a request.
    Raises ValueError for shapes that do not fit, and for negative numbers or weights that are all zero.
    """
    counts, shares = np.asarray(requests, float), np.asarray(weights, float)
    if shares.ndim == 1:
        shares = np.broadcast_to(shares[:, None], (len(shares), counts.shape[-1]))
    if counts.ndim < 2 or counts.shape[-2:] != shares.shape:
        raise ValueError(f"requests of shape {counts.shape} do not fit weights of shape {shares.shape}")
    if np.any(counts < 0) or np.any(shares < 0) or np.any(shares.sum(axis=0) <= 0) or not np.all(np.isfinite(shares)):
        raise ValueError("requests and weights must not be negative, and some weight must be above zero")
    counts = np.where(np.isnan(counts).any(axis=-2, keepdims=True), 0.0, counts)
    share = shares / shares.sum(axis=0)
    impossible = np.maximum.accumulate(((share == 0) & (counts > 0)).any(axis=-2), axis=-1)
    expected = counts.sum(axis=-2, keepdims=True) * share
    before = np.cumsum(counts, axis=-1) - counts, np.cumsum(expected, axis=-1) - expected
    found = [_one(counts, share, *before, strength) for strength in CONCENTRATIONS]
    return np.asarray(np.where(impossible, np.inf, np.logaddexp.reduce(found, axis=0) - np.log(len(found))))


def _one(counts: Array, share: Array, seen: Array, expected: Array, strength: float) -> Array:
    """For one strength: with constant weights the Dirichlet-multinomial probability of all counts, whatever the
    batches.
    """
    usual = np.maximum(share, 1e-300)
    tilted = share * (seen + strength * usual) / (expected + strength * usual)
    prior = (strength + seen.sum(axis=-2, keepdims=True)) * tilted / tilted.sum(axis=-2, keepdims=True)
    prior = np.maximum(prior, 1e-300)
    number = counts.sum(axis=-2)
    each = log_gamma(prior + counts) - log_gamma(prior) - counts * np.log(usual)
    total = prior.sum(axis=-2)
    step = np.where(share > 0, each, 0.0).sum(axis=-2) - log_gamma(total + number) + log_gamma(total)
    return np.asarray(np.cumsum(step, axis=-1))


def log_gamma(x: Array) -> Array:
    """The logarithm of the gamma function for x > 0, to 13 digits: Stirling's series (Abramowitz and Stegun 6.1.41)
    from 10 on.
    """
    x = np.asarray(x, float)
    low = x < 10
    y = np.where(low, x + 10, x)
    z = 1 / (y * y)
    series = (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z * (1 / 1188 - z * 691 / 360360))))) / y
    found = np.asarray((y - 0.5) * np.log(y) - y + 0.5 * np.log(2 * np.pi) + series)
    found[low] -= np.log(np.multiply.reduce([x[low] + step for step in range(10)]))
    return found
