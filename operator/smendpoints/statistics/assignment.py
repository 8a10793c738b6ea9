"""Which variant serves a user who shall keep it: a pure function for clients, who send its answer as `TargetVariant`.

It knows no numpy and no AWS. The rule, for other languages: of each variant with a weight above zero take the first 8
bytes (big-endian) of SHA-256 over the UTF-8 text `salt NUL variant NUL identifier`, shifted right by 11 bits; u =
(that + 0.5) / 2^53; the variant with the smallest -ln(u) / weight serves. That is weighted rendezvous hashing (C.
Schindelhauer, G. Schomaker, "Weighted distributed hash tables", SPAA 2005): when a weight grows users move to its
variant only, when it falls only from it.

What it does to the tests:
- `TargetVariant` bypasses the weights in AWS. The split check then looks at what clients do, by the same weights:
  keep them equal on both sides.
- Users are dealt out, not requests. One who sends many requests makes the split of requests uneven, and their
  outcomes alike: count each user once (at the first request, or whether any of the user's requests failed), for the
  split as for the metrics; of a measure take each user's mean.
- Another experiment needs another salt: with the same one its groups are those of the one before, with all that they
  still carry of it.
"""

import hashlib
import math
from collections.abc import Mapping


def assign(identifier: str, weights: Mapping[str, float], *, salt: str) -> str:
    """The variant that serves the one who is so called.

    Args:
        identifier: of the user, the session, the device: whoever is to keep the variant.
        weights: by name of variant, in any unit; zero takes no traffic.
        salt: names the experiment.

    Raises ValueError if a weight is negative or no number, none is above zero, or a text contains NUL.
    """
    if any(not 0 <= weight < math.inf for weight in weights.values()) or not any(weights.values()):
        raise ValueError(f"weights must not be negative, and one must be above zero: {dict(weights)}")
    if any("\0" in text for text in (identifier, salt, *weights)):
        raise ValueError("NUL separates the texts, and cannot be in one")
    served = {name: weight for name, weight in weights.items() if weight > 0}
    return min(served, key=lambda name: (_distance(f"{salt}\0{name}\0{identifier}") / served[name], name))


def _distance(text: str) -> float:
    """Exponentially distributed with mean 1."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 11
    return -math.log((number + 0.5) / 2**53)
