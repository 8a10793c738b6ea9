"""Prices of instances: AWS's price list, or the dated table where that is asked for; never the one for the other.

Where the list cannot be read there is no price: none is better than an old one. A price is looked up once a day, for
all objects of a place.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.price_table import TABLE, TABLE_DATE
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.cost import Price

logger = logging.getLogger(__name__)
_DAY = 86400.0
_AGAIN = 3600.0
_SOON = 60.0
_TRIES = 3
_NEVER = float("-inf")


@dataclass(frozen=True)
class _Found:
    """What the last look-ups of a type told: a price and when, when to ask again, and why not, so many times."""

    price: Price | None = None
    found_at: float = _NEVER
    due_at: float = _NEVER
    failure: ReconcileError | None = None
    tries: int = 0


class Prices:
    """The prices of one region."""

    def __init__(
        self, clients: Clients, clock: Callable[[], float] = time.monotonic, *, from_table: bool = False
    ) -> None:
        self._clients = clients
        self._clock = clock
        self._from_table = from_table
        self._lock = threading.Lock()
        self._found: dict[str, _Found] = {}
        self._told = False

    def of(self, instance_type: str) -> Price | None:
        """The price as far as it is known; asks nobody, but lets `look_up` ask for it."""
        if self._from_table:
            usd = TABLE.get(instance_type)
            return Price(Decimal(usd), TABLE_DATE) if usd is not None else None
        with self._lock:
            found = self._found.setdefault(instance_type, _Found())
        return found.price if self._clock() - found.found_at < 2 * _DAY else None

    def look_up(self) -> bool:
        """Ask AWS for what was asked for here, and is new or a day old; whether there was any.

        Raises:
            ReconcileError: a price is not known, but may be soon (`RETRY`).
        """
        with self._lock:
            now = self._clock()
            due = sorted(each for each, found in self._found.items() if now >= found.due_at)
            for instance_type in due:  # so that other threads do not ask, too
                self._found[instance_type] = replace(self._found[instance_type], due_at=now + _SOON)
        for instance_type in due:
            found = self._learn(instance_type, self._found[instance_type])
            with self._lock:
                self._found[instance_type] = found
        for instance_type, found in sorted(self._found.items()):
            if found.failure is not None and self.of(instance_type) is None:
                raise replace(found.failure)
        return bool(due)

    def _learn(self, instance_type: str, before: _Found) -> _Found:
        now = self._clock()
        try:
            price = self._look_up(instance_type)
        except ReconcileError as failure:
            tries = before.tries + 1 if failure.kind is Kind.RETRY else _TRIES
            if tries < _TRIES:
                return replace(before, due_at=now + _SOON, failure=failure, tries=tries)
            self._tell(failure)
            return replace(before, due_at=now + _AGAIN, failure=None, tries=tries)
        except (KeyError, ValueError, ArithmeticError) as error:
            logger.warning("the price of %s is not known: AWS's answer is not understood: %r", instance_type, error)
            price = None
        self._told = False
        return _Found(price, now, now + _DAY)

    def _tell(self, failure: ReconcileError) -> None:
        """Say once why there are no prices."""
        if not self._told:
            self._told = True
            message = (
                "%s: AWS's price list cannot be read: status.cost is absent, and maxHourlyUSD refuses all; "
                "allow pricing:GetProducts, or have the table of %s by SMENDPOINTS_PRICES=table: %s"
            )
            logger.warning(message, self._clients.place.region, TABLE_DATE, failure)

    def _look_up(self, instance_type: str) -> Price | None:
        wanted = {"instanceName": instance_type, "component": "Hosting", "regionCode": self._clients.place.region}
        filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
        response = self._clients.call(
            "pricing",
            "get_products",
            ServiceCode="AmazonSageMaker",
            Filters=filters,
            FormatVersion="aws_v1",
            MaxResults=10,
        )
        for text in response["PriceList"]:
            product = json.loads(text)
            for term in product.get("terms", {}).get("OnDemand", {}).values():
                for dimension in term["priceDimensions"].values():
                    usd = Decimal(dimension["pricePerUnit"]["USD"])
                    if dimension["unit"].startswith("H") and usd > 0:
                        return Price(usd, datetime.now(UTC).date().isoformat())
        return None
