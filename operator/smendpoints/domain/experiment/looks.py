"""The looks that are kept: few, evenly spread over the requests, so that the sequence can be drawn."""

from collections.abc import Sequence

from smendpoints.api.experiment_status import MOST_LOOKS, Look


def kept(looks: Sequence[Look], new: Look) -> list[Look]:
    """The looks with a new one; beyond the most that are kept the one goes that is missed least.

    That is the one whose neighbours are nearest to each other, in requests; the first and the last stay. A look that
    tells of no further request takes the place of the last.
    """
    found = [*looks]
    if found and found[-1].requests == new.requests:
        found.pop()
    found.append(new)
    while len(found) > MOST_LOOKS:
        least = min(range(1, len(found) - 1), key=lambda at: found[at + 1].requests - found[at - 1].requests)
        del found[least]
    return found
