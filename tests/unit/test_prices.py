"""Prices: AWS's list or none, the dated table where it is asked for; looked up once a day. AWS is botocore's own stub."""

import json
import logging
from collections.abc import Iterator
from decimal import Decimal

import pytest

from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.price_table import TABLE, TABLE_DATE
from smendpoints.aws.prices import Prices
from smendpoints.domain.errors import ReconcileError
from smsandbox.testing.stubs import Stubs

TYPE, OTHER = "ml.m5.large", "ml.m5.xlarge"
DAY = 86400.0


class Aws(Stubs):
    """The price list, on a clock that a test moves; what is not expected fails."""

    def __init__(self, clients: Clients) -> None:
        super().__init__(clients, ["pricing"])
        self.now = 0.0
        self.prices = Prices(clients, lambda: self.now)

    def lists(self, usd: str, unit: str = "Hrs") -> None:
        dimension = {"unit": unit, "pricePerUnit": {"USD": usd}}
        product = {"terms": {"OnDemand": {"a": {"priceDimensions": {"b": dimension}}}}}
        self.answers("pricing", "get_products", {"PriceList": [json.dumps(product)]})

    def refuses(self, code: str = "AccessDeniedException", status: int = 400) -> None:
        self.stubs["pricing"].add_client_error("get_products", code, "no", status)

    def price(self) -> Decimal | None:
        """What a reconcile finds that needs the price."""
        known = self.prices.of(TYPE)
        if self.prices.look_up():
            known = self.prices.of(TYPE)
        self.all_asked()
        return known.usd if known is not None else None


@pytest.fixture
def aws(clients: Clients) -> Iterator[Aws]:
    made = Aws(clients)
    yield made
    made.deactivate()


def test_a_price_is_aws_s_and_asked_for_once_a_day(aws: Aws) -> None:
    aws.lists("0.2")
    assert [aws.price(), aws.price()] == [Decimal("0.2")] * 2
    aws.now = DAY
    aws.lists("0.3")
    assert aws.price() == Decimal("0.3")


def test_where_the_list_may_not_be_read_there_is_no_price_and_that_is_told_once(
    aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        aws.refuses()
        assert aws.price() is None
        aws.now = 3599.0
        assert aws.price() is None  # nobody is asked meanwhile
        aws.now = 3600.0
        aws.refuses()
        assert aws.price() is None
    (told,) = caplog.messages
    assert "AWS's price list cannot be read: status.cost is absent" in told
    assert "pricing:GetProducts" in told
    aws.now = 7200.0
    aws.lists("0.2")
    assert aws.price() == Decimal("0.2")


def test_where_the_list_cannot_be_reached_it_is_tried_three_times_then_there_is_no_price(aws: Aws) -> None:
    for number in range(2):
        aws.now = 60.0 * number
        aws.refuses("InternalFailure", 500)
        with pytest.raises(ReconcileError):
            aws.price()
    aws.now = 120.0
    aws.refuses("InternalFailure", 500)
    assert aws.price() is None
    aws.now = 120.0 + 3600.0
    aws.lists("0.2")
    assert aws.price() == Decimal("0.2")


def test_a_price_of_yesterday_holds_while_the_list_cannot_be_read_and_no_older_one(aws: Aws) -> None:
    aws.lists("0.2")
    aws.price()
    aws.now = DAY
    aws.refuses()
    assert aws.price() == Decimal("0.2")
    aws.now = 2 * DAY
    aws.refuses()
    assert aws.price() is None


def test_an_instance_type_that_the_list_does_not_have_has_no_price(aws: Aws) -> None:
    aws.answers("pricing", "get_products", {"PriceList": []})
    assert aws.price() is None


def test_an_answer_that_is_not_understood_is_no_price(aws: Aws) -> None:
    aws.lists("a lot")
    assert aws.price() is None


def test_the_table_is_used_where_it_is_asked_for_with_its_date_and_asks_nobody(aws: Aws, clients: Clients) -> None:
    prices = Prices(clients, from_table=True)
    price = prices.of(TYPE)
    assert price is not None
    assert (price.usd, price.as_of) == (Decimal(TABLE[TYPE]), TABLE_DATE)
    assert prices.of("ml.unheard.of") is None
    assert not prices.look_up()
