"""The watch: one paginated ListEndpoints per place and period, for all objects together.

It says what to look at, never what is true: a summary that did not move needs no Describe.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from smendpoints.aws.clients import Clients
from smendpoints.aws.errors import translated


@dataclass(frozen=True)
class Summary:
    """One entry of ListEndpoints."""

    arn: str
    status: str
    modified_at: datetime


class EndpointWatch:
    """The endpoints of one place, as they were listed last."""

    def __init__(self, clients: Clients, clock: Callable[[], float] = time.monotonic) -> None:
        self._clients = clients
        self._clock = clock
        self._lock = threading.Lock()
        self._begun = float("-inf")
        self._found: dict[str, Summary] = {}

    def peek(self, name: str) -> Summary | None:
        """What the last listing said, however old; costs nothing."""
        return self._found.get(name.lower())

    def look(self, name: str, *, max_age: float, since: float = float("-inf")) -> Summary | None:
        """What a listing says that is at most `max_age` seconds old and was begun after `since`.

        Threads that ask at once share one listing.

        Raises:
            AwsFailure: AWS could not be asked.
        """
        asked = self._clock()
        with self._lock:
            if self._begun < max(asked - max_age, since):
                begun = self._clock()
                self._found = self._list()
                self._begun = begun
        return self.peek(name)

    def _list(self) -> dict[str, Summary]:
        with translated("ListEndpoints"):
            pages = (
                self._clients("sagemaker").get_paginator("list_endpoints").paginate(PaginationConfig={"PageSize": 100})
            )
            return {
                # Endpoint names are unique whatever their case.
                entry["EndpointName"].lower(): Summary(
                    entry["EndpointArn"], entry["EndpointStatus"], entry["LastModifiedTime"]
                )
                for page in pages
                for entry in page["Endpoints"]
            }
