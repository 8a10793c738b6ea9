"""Pages of CloudWatch in AWS's console, as a browser shows their addresses in each of AWS's partitions."""

import pytest

from smendpoints.domain.desired.dashboard import Location
from smendpoints.domain.desired.links import alarm_url, dashboard_url


@pytest.mark.parametrize(
    ("partition", "region", "begins"),
    [
        ("aws", "us-east-1", "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#"),
        ("aws-cn", "cn-north-1", "https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1#"),
        (
            "aws-us-gov",
            "us-gov-west-1",
            "https://us-gov-west-1.console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1#",
        ),
        ("aws-new", "xx-1", "https://xx-1.console.aws.amazon.com/cloudwatch/home?region=xx-1#"),
    ],
)
def test_a_page_is_in_the_console_of_its_partition(partition: str, region: str, begins: str) -> None:
    assert dashboard_url(partition, region, "board") == f"{begins}dashboards/dashboard/board"
    assert alarm_url(partition, region, "smendpoints/shop/a b") == f"{begins}alarmsV2:alarm/smendpoints%2Fshop%2Fa%20b"


def test_a_page_of_an_endpoint_is_where_its_arn_says() -> None:
    place = Location.of("arn:aws-cn:sagemaker:cn-north-1:123456789012:endpoint/iris")
    assert place is not None
    assert place.dashboard_url("board") == dashboard_url("aws-cn", "cn-north-1", "board")
    assert place.alarm_arn("a") == "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:a"
    assert Location.of(None) is None
