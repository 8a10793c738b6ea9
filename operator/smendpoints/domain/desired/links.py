"""Pages of CloudWatch in AWS's console. Text alone: nothing of the API's types is needed for a link."""

from urllib.parse import quote

_HOSTS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def dashboard_url(partition: str, region: str, name: str) -> str:
    """A dashboard."""
    return f"{_cloudwatch(partition, region)}dashboards/dashboard/{name}"


def alarm_url(partition: str, region: str, name: str) -> str:
    """An alarm, with its graph and history."""
    return f"{_cloudwatch(partition, region)}alarmsV2:alarm/{quote(name, safe='')}"


def _cloudwatch(partition: str, region: str) -> str:
    host = _HOSTS.get(partition, _HOSTS["aws"])
    return f"https://{region}.{host}/cloudwatch/home?region={region}#"
