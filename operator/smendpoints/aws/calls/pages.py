"""Listings of AWS page by page: each step is one call, so that whoever reads decides on the pace.

Not here: what is made of the entries, and when a page is due.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smendpoints.aws.calls.clients import Clients

Entry = Mapping[str, Any]
_TAGGING = "resourcegroupstaggingapi"


@dataclass(frozen=True)
class Query:
    """One operation that lists; `key` is where its entries are, `size` the most that it puts on a page.

    A size of 0 is not asked for.
    """

    service: str
    operation: str
    key: str
    size: int
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def page(self, clients: Clients, token: str | None) -> tuple[list[Entry], str | None]:
        """The page that the token asks for, and the token of the next; None at the end.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        next_token, most = _MEMBERS.get(self.service, ("NextToken", "MaxResults"))
        sized = {most: self.size} if self.size else {}
        asked = {**self.params, **sized, **({next_token: token} if token else {})}
        response = clients.call(self.service, self.operation, **asked)
        return response[self.key], response.get(next_token) or None


_MEMBERS = {_TAGGING: ("PaginationToken", "ResourcesPerPage"), "cloudwatch": ("NextToken", "MaxRecords")}


class Reading:
    """Some queries that are read once, one after another."""

    def __init__(self, queries: Sequence[Query]) -> None:
        self._left = list(queries)
        self._token: str | None = None
        self.pages = 0

    @property
    def asked(self) -> Query:
        """The query whose page is next."""
        return self._left[0]

    @property
    def done(self) -> bool:
        """Whether all pages are read."""
        return not self._left

    def step(self, clients: Clients) -> tuple[Query, list[Entry]]:
        """The next page, and which query it answers.

        Raises:
            ReconcileError: AWS could not be asked. All has to be read again, as tokens may be stale.
        """
        query = self._left[0]
        entries, self._token = query.page(clients, self._token)
        self.pages += 1
        if self._token is None:
            self._left.pop(0)
        return query, entries
