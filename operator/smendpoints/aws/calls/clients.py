"""Calls to AWS in one place, one by one or page by page."""

from typing import Any

from smendpoints.aws.calls.connections import Connections
from smendpoints.aws.calls.errors import translated
from smendpoints.aws.calls.identity import Place

__all__ = ["Clients", "Place"]

_PRICE_LIST_REGION = "us-east-1"  # the price list is served from a few regions only, for all of them


class Clients:
    """Calls in one place: as the session that looks, or as the session of the namespace for which is changed."""

    def __init__(self, place: Place, connections: Connections, namespace: str | None = None) -> None:
        self.place = place
        self._connections = connections
        self._namespace = namespace

    def on_behalf_of(self, namespace: str | None) -> "Clients":
        """The same place, for a namespace: CloudTrail shows it where a role is assumed."""
        return Clients(self.place, self._connections, namespace)

    def own_account(self) -> str | None:
        """The number of the account that the operator acts in without a role; None if AWS cannot be asked."""
        return self._connections.own_account()

    def __call__(self, service: str) -> Any:
        """Boto3's client of a service, to be asked what it knows; calls go through `call` and `all`.

        Raises:
            ReconcileError: it cannot be made.
        """
        region = _PRICE_LIST_REGION if service == "pricing" else self.place.region
        return self._connections.client(service, region)

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """One call.

        Raises:
            ReconcileError: AWS did not do it.
        """
        client = self(service)
        with self._connections.calling(self.place, self._namespace), translated(operation):
            response: dict[str, Any] = getattr(client, operation)(**params)
            return response

    def all(
        self, service: str, operation: str, key: str, page: int | None = None, **params: Any
    ) -> list[dict[str, Any]]:
        """All entries under `key` of all pages; `page` is the size to ask for.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        client = self(service)
        with self._connections.calling(self.place, self._namespace), translated(operation):
            pages = client.get_paginator(operation).paginate(PaginationConfig={"PageSize": page}, **params)
            return [entry for each in pages for entry in each[key]]
