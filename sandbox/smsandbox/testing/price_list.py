"""AWS's price list of CloudWatch, in its words: what alarms and dashboards cost, and what is free of them."""

import json
from collections.abc import Iterator
from typing import Any

from smsandbox.world import REGION


class PriceList:
    """A client of the price list that tells of alarms in one region, and of dashboards, which are of none."""

    def get_paginator(self, operation: str) -> Any:
        assert operation == "get_products"
        return self

    def paginate(self, ServiceCode: str, Filters: list[dict[str, str]], **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803 - as boto3 has it
        assert ServiceCode == "AmazonCloudWatch"
        wanted = {each["Field"]: each["Value"] for each in Filters}
        families: dict[str, tuple[tuple[str, ...], ...]] = {
            "Alarm": (
                ("USE1-CW:AlarmMonitorUsage", "0.0000000000", "0.1000000000"),
                ("USE1-CW:HighResAlarmMonitorUsage", "0.30"),
                ("USE1-CW:CompositeAlarmMonitorUsage", "0.50"),
            )
            if wanted.get("regionCode") == REGION
            else (),
            "Dashboard": (("DashboardsUsageHour-Basic", "3.00"), ("DashboardsUsageHour", "3.00")),
        }
        for usage, *prices in families[wanted["productFamily"]]:
            dimensions = {str(n): {"unit": "Alarms", "pricePerUnit": {"USD": each}} for n, each in enumerate(prices)}
            terms = {"OnDemand": {"t": {"priceDimensions": dimensions}}}
            yield {"PriceList": [json.dumps({"product": {"attributes": {"usagetype": usage}}, "terms": terms})]}
