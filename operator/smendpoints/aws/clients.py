"""boto3 clients of one account and region, made once and shared by all threads."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    DeferredRefreshableCredentials,
)

from smendpoints.aws.errors import translated
from smendpoints.aws.fencing import put_up

_PRICE_LIST_REGION = "us-east-1"


@dataclass(frozen=True)
class Place:
    """Where, and as whom, the operator acts: a region, and a role to assume (None: its own identity)."""

    region: str
    role_arn: str | None = None


class Clients:
    """The clients of one place. They are thread-safe; making one is not, hence the lock.

    `fence` is asked before each attempt of each call that writes; what it raises ends the call.
    """

    def __init__(
        self,
        place: Place,
        connections: int,
        session: Callable[[Place], Any] | None = None,
        retry_mode: Literal["adaptive", "standard"] = "adaptive",
        fence: Callable[[str], None] | None = None,
        user_agent: str = "smendpoints",
    ) -> None:
        self.place = place
        self._fence = fence
        self._make_session = session or _session
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._config = Config(
            connect_timeout=5,
            read_timeout=30,
            max_pool_connections=connections,
            # Once throttled, botocore keeps to the rate that this account and region admits: for all threads alike, as
            # they share the client.
            retries={"mode": retry_mode, "total_max_attempts": 3},
            user_agent_extra=user_agent,
        )
        self._session: Any = None

    def __call__(self, service: str) -> Any:
        """The client of a service.

        Raises:
            AwsFailure: the credentials cannot be had.
        """
        with self._lock:
            if service not in self._clients:
                with translated(f"connect to {service}"):
                    self._session = self._session or self._make_session(self.place)
                    # The price list is served from a few regions only, for all of them.
                    region = _PRICE_LIST_REGION if service == "pricing" else None
                    made = self._session.client(service, region_name=region, config=self._config)
                    if self._fence is not None:
                        put_up(made, self._fence)
                    self._clients[service] = made
            return self._clients[service]

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """One call.

        Raises:
            AwsFailure: AWS did not do it.
        """
        with translated(operation):
            response: dict[str, Any] = getattr(self(service), operation)(**params)
            return response

    def all(
        self, service: str, operation: str, key: str, page: int | None = None, **params: Any
    ) -> list[dict[str, Any]]:
        """All entries under `key` of all pages; `page` is the size to ask for.

        Raises:
            AwsFailure: AWS could not be asked.
        """
        with translated(operation):
            pages = self(service).get_paginator(operation).paginate(PaginationConfig={"PageSize": page}, **params)
            return [entry for each in pages for entry in each[key]]


def _session(place: Place) -> boto3.Session:
    if place.role_arn is None:
        return boto3.Session(region_name=place.region)
    own = botocore.session.get_session()
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=own.create_client,
        source_credentials=own.get_credentials(),
        role_arn=place.role_arn,
        extra_args={"RoleSessionName": "smendpoints"},
    )
    assumed: Any = botocore.session.get_session()
    assumed._credentials = DeferredRefreshableCredentials(  # noqa: SLF001 - botocore has no public way to set them
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return boto3.Session(botocore_session=assumed, region_name=place.region)
