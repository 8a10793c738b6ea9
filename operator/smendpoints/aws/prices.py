"""Prices of instances: AWS's price list where it may be read, else a table of a known date.

Prices are looked up in the background, never in a reconcile: a reconcile takes what is known.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from smendpoints.aws.clients import Clients
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.cost import Price

logger = logging.getLogger(__name__)
_DAY = 86400.0

# Hosting in us-east-1, on demand, US dollars per hour. Other regions differ by some percent.
TABLE_DATE = "2026-11-22"
TABLE = {
    "ml.t2.medium": "0.056",
    "ml.t2.large": "0.111",
    "ml.m5.large": "0.115",
    "ml.m5.xlarge": "0.23",
    "ml.m5.2xlarge": "0.461",
    "ml.m5.4xlarge": "0.922",
    "ml.m5.12xlarge": "2.765",
    "ml.m5.24xlarge": "5.53",
    "ml.c5.large": "0.102",
    "ml.c5.xlarge": "0.204",
    "ml.c5.2xlarge": "0.408",
    "ml.c5.4xlarge": "0.816",
    "ml.c5.9xlarge": "1.836",
    "ml.c5.18xlarge": "3.672",
    "ml.r5.2xlarge": "0.605",
    "ml.r5.4xlarge": "1.21",
    "ml.r5.8xlarge": "2.419",
    "ml.r5.16xlarge": "4.838",
    "ml.g4dn.xlarge": "0.7364",
    "ml.g4dn.2xlarge": "0.94",
    "ml.g4dn.4xlarge": "1.505",
    "ml.g4dn.8xlarge": "2.72",
    "ml.g4dn.12xlarge": "4.89",
    "ml.g4dn.16xlarge": "5.44",
    "ml.g5.xlarge": "1.408",
    "ml.g5.2xlarge": "1.515",
    "ml.g5.4xlarge": "2.03",
    "ml.g5.8xlarge": "3.06",
    "ml.g5.12xlarge": "7.09",
    "ml.g5.16xlarge": "5.12",
    "ml.g5.24xlarge": "10.18",
    "ml.g5.48xlarge": "20.36",
    "ml.p3.2xlarge": "3.825",
    "ml.p3.8xlarge": "14.688",
    "ml.p3.16xlarge": "28.152",
}


class Prices:
    """The prices of one region."""

    def __init__(self, clients: Clients, clock: Callable[[], float] = time.monotonic) -> None:
        self._clients = clients
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: set[str] = set()
        self._known: dict[str, tuple[float, Price | None]] = {}

    def of(self, instance_type: str) -> Price | None:
        """The price as far as it is known; costs nothing."""
        with self._lock:
            self._asked.add(instance_type)
            known = self._known.get(instance_type)
        if known is not None and known[1] is not None:
            return known[1]
        usd = TABLE.get(instance_type)
        return Price(Decimal(usd), TABLE_DATE) if usd is not None else None

    def refresh(self) -> None:
        """Look up what was asked for, once a day."""
        with self._lock:
            now = self._clock()
            due = [each for each in sorted(self._asked) if now - self._known.get(each, (-_DAY, None))[0] >= _DAY]
        for instance_type in due:
            try:
                price = self._look_up(instance_type)
            except (ReconcileError, KeyError, ValueError, StopIteration) as failure:
                logger.info("the price of %s is taken from the table: %s", instance_type, failure)
                price = None
            with self._lock:
                self._known[instance_type] = (self._clock(), price)

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
