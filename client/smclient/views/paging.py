"""Long lists, a page at a time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Generic, TypeVar

PAGE = 50
Row = TypeVar("Row")


@dataclass(frozen=True)
class Paged(Generic[Row]):
    """A page of a list of `found` rows. `page` is of `pages`, whatever was asked for."""

    rows: Sequence[Row]
    found: int
    page: int
    pages: int


def paged(rows: Sequence[Row], page: int, size: int = PAGE) -> Paged[Row]:
    """The page of that number; the nearest that there is."""
    pages = max(1, ceil(len(rows) / size))
    page = min(max(page, 1), pages)
    return Paged(rows[(page - 1) * size : page * size], len(rows), page, pages)
