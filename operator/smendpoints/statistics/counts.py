"""What was counted of one variant, batch by batch; not where it comes from.

The last axis of each array is time: one entry for each batch, of any size (a minute, a request, a day), never
cumulative. Leading axes, if any, are independent runs, as a simulation has them. A batch that could not be read is
NaN in each array: that is not the same as no request.
"""

from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Numbers: TypeAlias = npt.NDArray[Any]  # whole or not, as they were counted
Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Counts:
    """Requests of a variant, and how many of them were events: errors, slow ones, conversions.

    Both of shape (..., batches), whole numbers.
    Raises ValueError for other shapes, for negative or broken numbers, and for more events than requests.
    """

    requests: Numbers
    events: Numbers

    def __post_init__(self) -> None:
        requests, events = _same_shape(self.requests, self.events)
        if np.any(events < 0) or np.any(events > requests):
            raise ValueError("events must be between 0 and the requests of their batch")
        if np.any(np.mod(events[~np.isnan(events)], 1) != 0):
            raise ValueError("events must be whole numbers")
        object.__setattr__(self, "requests", requests)
        object.__setattr__(self, "events", events)

    @classmethod
    def of_cumulative(cls, requests: npt.ArrayLike, events: npt.ArrayLike) -> Self:
        """From running totals of shape (..., batches) as a counter shows them. Raises ValueError where one falls."""
        first = np.asarray(requests, float), np.asarray(events, float)
        return cls(*(np.diff(each, prepend=0.0, axis=-1) for each in first))

    @property
    def total(self) -> Array:
        """The sum of what is averaged: events."""
        return self.events

    @property
    def squares(self) -> Array:
        """The sum of its squares: of zeros and ones the same."""
        return self.events

    def without(self, batches: Flags) -> Self:
        """The same with nothing in these batches."""
        return type(self)(*(np.where(batches, 0.0, each) for each in (self.requests, self.events)))


@dataclass(frozen=True, eq=False)
class Sums:
    """Requests of a variant, the sum of a measure over them, and the sum of its squares: what a mean and a variance
    need.

    All of shape (..., batches); the measure has any unit (milliseconds, money), its squares that unit squared.
    events: requests whose measure is not zero (who bought anything), all of them unless given. Raises ValueError for
    other shapes, for negative requests or squares, and for squares too small for their sum (Cauchy-Schwarz).
    """

    requests: Numbers
    total: Numbers
    squares: Numbers
    events: Numbers | None = None

    def __post_init__(self) -> None:
        events = self.requests if self.events is None else self.events
        requests, total, squares, events = _same_shape(self.requests, self.total, self.squares, events)
        if np.any(events < 0) or np.any(events > requests):
            raise ValueError("requests with a measure are between 0 and the requests of their batch")
        if np.any(squares < 0) or np.any(total * total > requests * squares * (1 + 1e-9)):
            raise ValueError("the sum of squares is too small for the sum: total² ≤ requests * squares")
        object.__setattr__(self, "requests", requests)
        object.__setattr__(self, "total", total)
        object.__setattr__(self, "squares", squares)
        object.__setattr__(self, "events", events)

    @property
    def measured(self) -> Array:
        """Requests whose measure is not zero."""
        return np.asarray(self.events, float)

    def without(self, batches: Flags) -> Self:
        """The same with nothing in these batches."""
        each = (self.requests, self.total, self.squares, self.measured)
        return type(self)(*(np.where(batches, 0.0, numbers) for numbers in each))


class Arm(Protocol):
    """What both kinds have."""

    @property
    def requests(self) -> Array: ...

    def without(self, batches: Flags) -> Self: ...


A = TypeVar("A", bound=Arm)
B = TypeVar("B", bound=Arm)


def both_read(control: A, challenger: B) -> tuple[A, B]:
    """Both variants without the batches that one of them misses: what is of one side alone compares with nothing.

    Raises ValueError where the two have different shapes.
    """
    if control.requests.shape != challenger.requests.shape:
        raise ValueError(f"shapes differ: {control.requests.shape} and {challenger.requests.shape}")
    hole = np.isnan(control.requests) | np.isnan(challenger.requests)
    return control.without(hole), challenger.without(hole)


def _same_shape(*values: npt.ArrayLike) -> tuple[Array, ...]:
    arrays = tuple(np.asarray(each, float) for each in values)
    if any(each.shape != arrays[0].shape for each in arrays) or arrays[0].ndim == 0:
        raise ValueError(f"arrays of one shape (..., batches) are needed, not {[each.shape for each in arrays]}")
    if any(np.any(np.isinf(each)) for each in arrays):
        raise ValueError("infinite counts")
    hole = np.isnan(arrays[0])
    if any(np.any(np.isnan(each) != hole) for each in arrays):
        raise ValueError("what could not be read is NaN in each of the arrays")
    requests = arrays[0][~hole]
    if np.any(requests < 0) or np.any(np.mod(requests, 1) != 0):
        raise ValueError("requests must be whole numbers, not negative")
    return arrays
