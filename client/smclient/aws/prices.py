"""What CloudWatch's alarms and dashboards cost: AWS's price list, read with the user's own rights.

There is no table of ours to fall back on: no price is better than an old one. The attributes are those of
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_billing.html.
"""

import json
from collections.abc import Mapping
from decimal import Decimal

from smclient.aws.session import Aws, told
from smclient.views.costs import MonitoringPrices

LISTED_IN = "us-east-1"
"""The region whose price list tells of all regions."""
_ALARM = "CW:AlarmMonitorUsage"  # of standard resolution; before it stands the region's mark, as in USE2-CW:…
_DASHBOARDS = ("DashboardsUsageHour", "DashboardsUsageHour-Basic")


def monitoring_prices(price_list: Aws, region: str) -> MonitoringPrices:
    """What they cost in a region; `price_list` is AWS in `LISTED_IN`.

    Raises:
        AWSError: refused.
    """
    return MonitoringPrices(
        alarm_metric=_dearest(price_list, {"productFamily": "Alarm", "regionCode": region}, (_ALARM,)),
        dashboard=_dearest(price_list, {"productFamily": "Dashboard"}, _DASHBOARDS),
    )


def _dearest(price_list: Aws, wanted: Mapping[str, str], usages: tuple[str, ...]) -> Decimal | None:
    """The highest price of products with such a usage type, which is the one beyond what is free; None without any."""
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    found: list[Decimal] = []
    with told("read AWS's price list"):
        pages = price_list.client("pricing").get_paginator("get_products")
        for page in pages.paginate(ServiceCode="AmazonCloudWatch", Filters=filters, FormatVersion="aws_v1"):
            for text in page["PriceList"]:
                product = json.loads(text)
                if not str(product["product"]["attributes"].get("usagetype", "")).endswith(usages):
                    continue
                for term in product.get("terms", {}).get("OnDemand", {}).values():
                    found += [Decimal(each["pricePerUnit"]["USD"]) for each in term["priceDimensions"].values()]
    return max((each for each in found if each > 0), default=None)
