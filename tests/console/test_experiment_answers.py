"""What the models of an experiment answered, on its page: read from captured data and CloudWatch when it is asked for."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect

from smclient.aws.session import Aws
from smsandbox.assets import BUCKET
from smsandbox.testing.browser import reading
from smsandbox.testing.console import Objects, Served
from smsandbox.testing.harness import Harness
from smsandbox.world import REGION

Make = Callable[..., dict[str, Any]]
HOSTILE = '<script>document.title="stolen"</script>'
ANSWERED = "/experiments/ml/ab/answers"


@pytest.fixture
def harness() -> Iterator[Harness]:
    made = Harness()
    made.clock.advance(datetime.now(UTC).timestamp() - made.clock.now())
    yield made
    made.simulator.close()


@pytest.fixture
def aws(harness: Harness) -> Aws:
    return Aws(REGION, harness.session)


def line(key: str, label: str, confidence: float, at: datetime) -> bytes:
    """A captured request."""
    answer = {"predictions": [{"predicted_class": label, "probabilities": {label: confidence}}]}
    sides = {
        side: {"observedContentType": kind, "data": base64.b64encode(body).decode(), "encoding": "BASE64"}
        for side, kind, body in (
            ("endpointInput", "text/csv", b"5.1,3\n"),
            ("endpointOutput", "application/json", json.dumps(answer).encode()),
        )
    }
    about = {"eventId": f"e-{key}", "inferenceId": key, "inferenceTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    return json.dumps({"captureData": sides, "eventMetadata": about, "eventVersion": "0"}).encode() + b"\n"


@pytest.fixture
def begun(harness: Harness, objects: Objects, experiments: Objects, an_object: Make, an_experiment: Make) -> None:
    """Three arms, two of which answered the same row with different classes; truth of one."""
    began = datetime.now(UTC) - timedelta(minutes=30)
    at, s3 = began + timedelta(minutes=5), harness.client("s3")
    for variant, label in (("forest", HOSTILE), ("boosting", "b")):
        key = f"captured/ml-iris/{variant}/{at:%Y/%m/%d/%H/%M}-00.jsonl"
        s3.put_object(Bucket=BUCKET, Key=key, Body=line(f"{variant}-1", label, 0.75, at))
    s3.put_object(Bucket=BUCKET, Key="truth/1.csv", Body=b"inferenceId,value\nboosting-1,b\n")
    dimensions = [{"Name": "EndpointName", "Value": "ml-iris"}, {"Name": "VariantName", "Value": "forest"}]
    data = {"MetricName": "Invocations", "Dimensions": dimensions, "Timestamp": at, "Value": 7.0}
    harness.client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=[data])
    objects.put(an_object("iris"))
    experiments.put(an_experiment(startedAt=f"{began:%Y-%m-%dT%H:%M:%SZ}", captured=f"s3://{BUCKET}/captured/ml-iris"))


@pytest.mark.usefixtures("begun")
def test_the_report_is_asked_for_and_read_in_a_browser_of_any_width(console: Served, browser: Browser) -> None:
    for width in (1280, 390):
        with reading(browser, width) as reader:
            page = reader.opens(console.link, "/experiments/ml/ab/")
            answers = page.get_by_role("region", name="Answers", exact=True)
            answers.get_by_role("textbox", name="Ground truth in S3").fill(f"s3://{BUCKET}/truth/")
            answers.get_by_role("button", name="Compare answers").press("Enter")
            expect(answers.get_by_role("heading", name="Predicted classes")).to_be_visible()
            figures = answers.get_by_role("group", name="In figures")
            expect(figures.get_by_role("row", name="Requests 7")).to_be_visible()
            expect(figures.get_by_role("row", name="Accuracy")).to_contain_text("100.00%")
            expect(answers.get_by_text("were answered with different classes").first).to_be_visible()
            expect(answers.get_by_text("from the first whole minute on")).to_be_visible()
            expect(answers.get_by_text("the endpoint is gone")).to_have_count(0)
            assert "stolen" not in page.title()
            assert HOSTILE in str(answers.text_content())
            assert reader.violations() == []


@pytest.mark.usefixtures("begun")
def test_without_the_script_it_is_a_page_of_its_own(client: FlaskClient) -> None:
    found = client.get(ANSWERED)
    assert found.status_code == 200
    assert "What the models of ab answered" in found.text
    assert HOSTILE not in found.text


@pytest.mark.usefixtures("begun")
def test_what_cannot_be_read_is_told_with_what_to_do(client: FlaskClient, harness: Harness) -> None:
    harness.world.faults.add({"kind": "access_denied", "service": "s3", "operation": "ListObjectsV2", "times": 1})
    found = client.get(ANSWERED, query_string={"truth": f"s3://{BUCKET}/truth/"})
    assert found.status_code == 200
    assert 'role="alert"' in found.text
    assert "is not authorized to perform" in found.text
    assert "Ask for the permission" in found.text
    assert "not an S3 URI" in client.get(ANSWERED, query_string={"truth": "bucket/prefix"}).text


def test_before_it_begins_there_is_nothing_to_ask_for(
    client: FlaskClient, objects: Objects, experiments: Objects, an_object: Make, an_experiment: Make
) -> None:
    objects.put(an_object("iris"))
    experiments.put(an_experiment(startedAt=None))
    client.get("/experiments/")
    assert "Compare answers" not in client.get("/experiments/ml/ab/").text
    assert "has not begun" in client.get(ANSWERED).text
