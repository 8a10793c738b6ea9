"""`kubectl smendpoint answers`: what two models answered, counted from captured data and compared with a truth."""

import base64
import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import numpy as np
import pytest

from smclient import Endpoint, Experiment
from smclient.answering import histogram
from smclient.captured.answers import Prediction, predictions
from smclient.captured.records import Side
from smclient.captured.rows import inputs, numbers
from smclient.captured.training import PREDICTED, Training
from smendpoints.statistics.models import percentiles
from sminference.emf import Metrics
from sminference.formats import Format
from sminference.manifest import SCHEMA, version_of
from sminference.parsing import Shape, parse
from sminference.responses import ClassifierWriter, ValueWriter
from smsandbox import paths
from smsandbox.assets import BUCKET
from smsandbox.testing.documented import blocks
from smsandbox.testing.harness import Harness
from smsandbox.testing.json_server import JsonServer
from smtraining.archive import tar_gz
from smtraining.baseline import baseline

ROWS = [Prediction("a", 0.75), Prediction("b", 0.5)]
ANSWERS = {
    "application/json": json.dumps(
        {
            "predictions": [
                {"predicted_class": "a", "probabilities": {"a": 0.75, "b": 0.25}},
                {"predicted_class": "b", "probabilities": {"a": 0.5, "b": 0.5}},
            ]
        }
    ),
    "application/jsonlines": '{"predicted_class":"a","probabilities":{"a":0.75}}\n'
    '{"predicted_class":"b","probabilities":{"b":0.5}}\n',
    "text/csv": "predicted_class,probability_a,probability_b\na,0.75,0.25\nb,0.5,0.5\n",
}


@pytest.mark.parametrize("media_type", ANSWERS)
def test_each_form_of_an_answer_is_read_alike(media_type: str) -> None:
    assert predictions(Side(ANSWERS[media_type].encode(), media_type)) == ROWS


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", "[]"),
        ("application/json", "{"),
        ("application/json", '{"predictions": [{"predicted_class": "a", "probabilities": {"a": 7}}]}'),
        ("application/json", "[" * 100_000),
        ("text/csv", "a,x\n"),
        ("text/csv", "predicted_value\n1.5\n"),
        ("text/csv", "a,-1\n"),
        ("image/png", "a"),
    ],
)
def test_what_is_no_answer_with_classes_is_none(media_type: str, body: str) -> None:
    assert predictions(Side(body.encode(), media_type)) == []


def test_a_row_is_the_same_however_it_was_sent() -> None:
    csv = inputs(Side(b"5.1,3\n", "text/csv"))
    assert csv == inputs(Side(b'{"instances": [[5.10, 3.0]]}', "application/json"))
    assert csv == inputs(Side(b"[[5.1, 3]]", "application/json"))
    assert csv == inputs(Side(b"[5.1, 3]\n", "application/jsonlines"))
    assert csv == inputs(Side(b'{"features": [5.1, 3]}\n', "application/jsonlines"))
    assert csv == inputs(Side(b"\xef\xbb\xbfwide,long\n3,5.1\n", "text/csv"), ("long", "wide"))
    assert csv == inputs(Side(b"a,b\n5.1,3\n", "text/csv"))
    assert csv != inputs(Side(b"5.1,4\n", "text/csv"))


@pytest.mark.parametrize("form", [Format.JSON, Format.JSON_LINES, Format.CSV])
def test_what_the_container_writes_is_read(form: Format) -> None:
    proba = np.array([[0.75, 0.25], [0.4, 0.6]])
    said = ['a, "x"', "b"]
    body = ClassifierWriter(said).write(proba, form, header=form is Format.CSV)
    assert predictions(Side(body, form.value)) == [Prediction(said[0], 0.75), Prediction("b", 0.6)]
    labels = ValueWriter(said).write(np.array([1, 0]), form, header=form is Format.CSV)
    assert predictions(Side(labels, form.value)) == [Prediction("b", None), Prediction(said[0], None)]


def test_what_the_container_takes_is_read_as_it_reads_it() -> None:
    array = io.BytesIO()
    np.save(array, np.array([[5.1, 3.0], [4.0, np.nan]]))
    shape = Shape(("long", "wide"), 10, missing=True)
    for form, body in (
        (Format.JSON, b'{"instances": [[5.1, 3], [4, null]]}'),
        (Format.JSON, b"[[5.1, 3], [4, null]]"),
        (Format.JSON_LINES, b'[5.1, 3]\n{"features": [4, null]}\n'),
        (Format.CSV, b"5.1,3\n4,\n"),
        (Format.CSV, b"wide,long\n3,5.1\nnan,4\n"),
        (Format.NPY, array.getvalue()),
    ):
        found = numbers(inputs(Side(body, form.value), ("long", "wide")))
        np.testing.assert_array_equal(found, parse(body, form, shape), err_msg=repr(body))


def test_rows_of_numbers_alone_count_and_what_is_missing_is_no_number() -> None:
    rows = inputs(Side(b"5.1,\nred,3\n1e999,2\n", "text/csv"))
    found = numbers(rows)
    assert len(found) == 1
    assert found[0][0] == 5.1
    assert np.isnan(found[0][1])
    assert inputs(Side(b'["ab", 7, null]', "application/json")) == []


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "other/v1"},
        {"baseline": {}},
        {"baseline": {"features": {"long": {"deciles": [3, 2, 1]}}}},
        {"baseline": {"features": {"long": {"deciles": ["x"] * 11}}}},
        {"features": "long"},
    ],
)
def test_a_manifest_that_says_nothing_of_training_gives_no_drift(change: dict[str, Any]) -> None:
    known = {"long": {"deciles": list(range(11))}}
    whole = {"schema": SCHEMA, "features": [{"name": "long"}], "baseline": {"features": known}}
    assert Training.parse(json.dumps(whole).encode()) is not None
    assert Training.parse(json.dumps({**whole, **change}).encode()) is None
    assert Training.parse(b"\x00") is None


def test_percentiles_come_from_ranks_within_a_bin() -> None:
    found = percentiles(histogram([10.0, 20.0, 40.0], [50.0, 90.0, 100.0, 100.0]))
    assert found == {"p50": 10.0, "p90": 20.0, "p99": pytest.approx(38.0)}
    rounded = histogram([10.0, 20.0], [50.0, 49.9, 100.0])
    assert min(rounded.counts) == 0, "ranks are rounded: no bin gets fewer than none"


def captured(key: str, row: str | None, label: str, confidence: float, at: datetime) -> bytes:
    """A line of captured data; without a row `capture` was Output alone."""
    answer = {"predictions": [{"predicted_class": label, "probabilities": {label: confidence}}]}
    body = base64.b64encode(json.dumps(answer).encode()).decode()
    data: dict[str, Any] = {
        "endpointOutput": {
            "observedContentType": "application/json; charset=utf-8",
            "mode": "OUTPUT",
            "data": body,
            "encoding": "BASE64",
        },
    }
    if row is not None:
        data["endpointInput"] = {"observedContentType": "text/csv", "mode": "INPUT", "data": row, "encoding": "CSV"}
    about = {"eventId": f"e-{key}", "inferenceId": key, "inferenceTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    return json.dumps({"captureData": data, "eventMetadata": about, "eventVersion": "0"}).encode() + b"\n"


PATH = "/apis/smendpoints.dev/v1alpha1/namespaces/ml"
RNG = np.random.default_rng(1)
TRAINED = RNG.normal([5.0, 3.0], 1.0, (400, 2))


class Served:
    """An endpoint `iris` with two models that were trained on `TRAINED`, as S3, CloudWatch and the API server have it."""

    def __init__(self, harness: Harness, server: JsonServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(boto3, "Session", lambda **_: harness.session)
        self.session = harness.session
        self.s3, self.cloud, self.server = harness.client("s3"), harness.client("cloudwatch"), server
        harness.clock.advance(datetime.now(UTC).timestamp() - harness.clock.now())  # what comes later is not visible
        self.begun = datetime.now(UTC) - timedelta(minutes=30)
        self.at = self.begun + timedelta(minutes=5)
        self.body: dict[str, Any] = {
            "metadata": {"name": "iris", "namespace": "ml", "uid": "e", "generation": 1},
            "spec": {
                "executionRoleARN": "arn:aws:iam::123456789012:role/r",
                "variants": [self._variant("rf"), self._variant("gb")],
                "dataCapture": {"destination": f"s3://{BUCKET}/captured"},
            },
            "status": {
                "endpoint": {
                    "name": "ml-iris",
                    "arn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/ml-iris",
                    "status": "InService",
                }
            },
        }
        server.answers["GET", f"{PATH}/sagemakerendpoints/iris"] = self.body
        self.baseline = baseline(TRAINED, ("long", "wide"), np.arange(400) % 2, ("a", "b"))
        manifest = {
            "schema": SCHEMA,
            "name": "iris",
            "classes": ["a", "b"],
            "features": [{"name": "long"}, {"name": "wide"}],
            "baseline": self.baseline,
        }
        files = {"manifest.json": json.dumps(manifest).encode(), "manifest.sig": b"signed"}
        self.version = version_of(*files.values())
        archive = tar_gz({**files, "trees.npz": bytes(100_000)})
        self.s3.put_object(Bucket=BUCKET, Key="iris/model.tar.gz", Body=archive)

    def _variant(self, name: str) -> dict[str, Any]:
        image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1"
        instance = {"type": "ml.m5.large"}
        return {
            "name": name,
            "image": image,
            "modelArtifact": f"s3://{BUCKET}/iris/model.tar.gz",
            "instance": instance,
        }

    def capture(self, variant: str, rows: list[tuple[str, str | None, str, float]]) -> None:
        key = f"captured/ml-iris/{variant}/{self.at:%Y/%m/%d/%H/%M}-00.jsonl"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=b"".join(captured(*row, self.at) for row in rows))

    def publish(self, variant: str, name: str, values: dict[float, int], at: datetime | None = None) -> None:
        dimensions = [{"Name": "EndpointName", "Value": "ml-iris"}, {"Name": "VariantName", "Value": variant}]
        data = {"MetricName": name, "Dimensions": dimensions, "Timestamp": at or self.at}
        self.cloud.put_metric_data(
            Namespace="AWS/SageMaker", MetricData=[{**data, "Values": [*values], "Counts": [*values.values()]}]
        )

    def experiment(self, **status: Any) -> None:
        self.server.answers["GET", f"{PATH}/sagemakerexperiments/ab"] = {
            "metadata": {"name": "ab", "namespace": "ml", "uid": "x", "generation": 1},
            "spec": {
                "endpointRef": {"name": "iris"},
                "control": "rf",
                "challengers": ["gb"],
                "metrics": {"primary": {"name": "errors", "errorRate": {}}},
            },
            "status": {
                "phase": "Running",
                "startedAt": f"{self.begun:%Y-%m-%dT%H:%M:%SZ}",
                "captured": f"s3://{BUCKET}/captured/ml-iris",
                **status,
            },
        }


@pytest.fixture
def served(harness: Harness, server: JsonServer, monkeypatch: pytest.MonkeyPatch) -> Served:
    return Served(harness, server, monkeypatch)


def test_two_models_side_by_side(served: Served, smendpoint: Any) -> None:
    served.capture("rf", [("1", "5,1", "a", 0.9), ("2", "6,2", "b", 0.8), ("3", "7,3", "a", 0.7)])
    served.capture("gb", [("4", "5.0,1", "a", 1.0), ("5", "6,2", "a", 0.6)])
    truth = b"inferenceId,value\n1,a\n2,b\n3,b\n5,b\n"
    served.s3.put_object(Bucket=BUCKET, Key="species/all.csv", Body=truth)
    served.experiment()
    ran = smendpoint("answers", "ab", "--truth", f"s3://{BUCKET}/species/", "-o", "json")
    assert ran.code == 0, ran.err
    found = ran.json()["report"]
    rf, gb = found["models"]["rf"], found["models"]["gb"]
    assert (rf["captured"], gb["captured"]) == (3, 2)
    assert rf["classes"] == pytest.approx({"a": 2 / 3, "b": 1 / 3})
    assert (rf["known"], rf["accuracy"]) == (3, pytest.approx(2 / 3))
    assert rf["confusion"] == {"a": {"a": 1, "b": 0}, "b": {"a": 1, "b": 1}}
    assert rf["calibrationError"] == pytest.approx((0.1 + 0.2 + 0.7) / 3)
    assert (gb["known"], gb["accuracy"]) == (1, 0.0)
    assert gb["confidence"] == pytest.approx(0.8)
    both = found["disagreement"]["rf / gb"]
    assert (both["inputs"], both["share"]) == (2, 0.5), "of the two inputs that both answered"
    shown = smendpoint("answers", "ab")
    assert "Different classes for the same input" in shown.out
    assert "from the first whole minute on, as CloudWatch keeps no shorter time." in shown.err
    assert "accuracy" not in shown.out


def test_programs_get_the_same_and_the_example_of_the_docs_runs(
    served: Served, smendpoint: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    served.capture("rf", [("1", "5,1", "a", 0.9)])
    served.capture("gb", [("2", "5,1", "b", 0.6)])
    served.s3.put_object(Bucket=BUCKET, Key="species/all.csv", Body=b"inferenceId,value\n1,a\n2,a\n")
    served.experiment()
    truth = f"s3://{BUCKET}/species/"
    shown = smendpoint("answers", "ab", "--truth", truth, "-o", "json").json()["report"]
    with Experiment("ab") as experiment:
        report = experiment.answers(truth, session=served.session).report
    assert {name: each["accuracy"] for name, each in shown["models"].items()} == {"rf": 1.0, "gb": 0.0}
    assert {name: each.accuracy for name, each in report.models.items()} == {"rf": 1.0, "gb": 0.0}
    with Endpoint("iris", session=served.session) as endpoint:
        assert endpoint.answers(truth, since=timedelta(hours=1)).report.models["gb"].accuracy == 0.0
    served.server.answers["GET", f"{PATH}/sagemakerexperiments/iris-boosting"] = served.server.answers[
        "GET", f"{PATH}/sagemakerexperiments/ab"
    ]
    *_, example = (block.text for block in blocks(paths.repository() / "docs/python.md"))
    example = example.replace("s3://shop-truth/species/", truth)
    exec(compile(example, "answers", "exec"), {"Experiment": Experiment})  # noqa: S102 - the documentation is ours
    assert capsys.readouterr().out.splitlines()[-1] == "rf / gb 100.0% of 1 inputs"


@pytest.mark.parametrize(
    ("ago", "seconds", "unit"), [(timedelta(minutes=5), 30, "minute"), (timedelta(days=70), 50 * 60, "hour")]
)
def test_of_less_than_a_whole_period_nothing_is_told(
    served: Served, smendpoint: Any, ago: timedelta, seconds: int, unit: str
) -> None:
    """One of half a minute, and one of less than an hour so long ago that CloudWatch keeps hours alone."""
    served.begun = datetime.now(UTC).replace(minute=0, second=5) - ago
    served.experiment(endedAt=f"{served.begun + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}")
    ran = smendpoint("answers", "ab")
    assert (ran.code, ran.out) == (1, "")
    assert f"ran for less than one whole {unit}" in ran.err


def test_without_numpy_it_is_told_what_to_install(
    served: Served, smendpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.experiment()
    monkeypatch.setitem(sys.modules, "numpy", None)
    ran = smendpoint("answers", "ab")
    assert (ran.code, ran.err.splitlines()) == (
        1,
        ["error: this needs numpy", "Install it with `pip install 'kubectl-smendpoint[captured]'`"],
    )


def test_errors_and_latencies_are_those_since_the_experiment_began(served: Served, smendpoint: Any) -> None:
    before = served.begun - timedelta(minutes=2)
    for variant, errors, slow in (("rf", 1, 5), ("gb", 10, 50)):
        served.publish(variant, "Invocations", {1.0: 100})
        served.publish(variant, "Invocation5XXErrors", {1.0: errors, 0.0: 100 - errors})
        served.publish(variant, "Invocation4XXErrors", {1.0: 4, 0.0: 96})
        served.publish(variant, "ModelLatency", {2_000.0: 100 - slow, 80_000.0: slow})
        for name, value in (("Invocations", 1.0), ("Invocation5XXErrors", 1.0), ("ModelLatency", 9e6)):
            served.publish(variant, name, {value: 1000}, before)
    served.experiment(captured=None)
    ran = smendpoint("answers", "ab", "-o", "yaml")
    assert ran.code == 0, ran.err
    assert "captured nothing" in ran.err
    found = smendpoint("answers", "ab", "-o", "json").json()["report"]["models"]
    assert [each["requests"] for each in found.values()] == [100, 100]
    assert [each["errorRate"] for each in found.values()] == [0.01, 0.1]
    assert [each["refusedRate"] for each in found.values()] == [0.04, 0.04]
    assert found["rf"]["latency"]["p90"] < 3
    assert 50 < found["gb"]["latency"]["p90"] < 120


def test_no_more_is_captured_than_the_minutes_that_cloudwatch_counts(served: Served, smendpoint: Any) -> None:
    whole = served.begun.replace(second=0, microsecond=0)
    served.begun = whole + timedelta(seconds=20)
    served.at = whole + timedelta(seconds=40)
    served.capture("rf", [("1", "5,1", "a", 0.9)])
    served.at = whole + timedelta(seconds=70)
    served.s3.put_object(
        Bucket=BUCKET,
        Key=f"captured/ml-iris/rf/{served.at:%Y/%m/%d/%H/%M}-99.jsonl",
        Body=captured("2", "6,1", "b", 0.9, served.at),
    )
    served.experiment()
    found = smendpoint("answers", "ab", "-o", "json").json()
    assert found["report"]["models"]["rf"]["classes"] == {"b": 1}
    assert datetime.fromisoformat(found["since"]) == whole + timedelta(seconds=60)


def test_what_was_not_captured_is_as_the_container_published_it(served: Served, smendpoint: Any) -> None:
    for variant, model in zip(("rf", "gb"), served.body["spec"]["variants"], strict=True):
        model["environment"] = {"SMINFERENCE_VARIANT": variant}
    lines: list[dict[str, Any]] = []
    estimator = SimpleNamespace(
        name="iris",
        version=served.version,
        classes=("a", "b"),
        feature_names=("long", "wide"),
        baseline=served.baseline,
    )
    metrics = Metrics("smendpoints/inference", "rf", lines.append)
    proba = np.tile([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]], (100, 1))
    for row in range(300):
        metrics.answered(
            cast("Any", estimator), TRAINED[row : row + 1] + np.array([2.0, 0.0]), proba[row : row + 1], 0.01
        )
    metrics.flush()
    for emitted in lines:
        (directive,) = emitted["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]:
            value = emitted[metric["Name"]]
            data = {
                "MetricName": metric["Name"],
                "Dimensions": [{"Name": name, "Value": emitted[name]} for name in directive["Dimensions"][0]],
                "Timestamp": served.at,
                "Values": value if isinstance(value, list) else [value],
            }
            served.cloud.put_metric_data(Namespace=directive["Namespace"], MetricData=[data])
    served.experiment(captured=None)
    ran = smendpoint("answers", "ab", "-o", "json")
    assert ran.code == 0, ran.err
    assert "rf: nothing was captured, so classes, confidence and drift are as the container published them" in ran.err
    found = ran.json()["report"]["models"]
    assert found["rf"]["classes"] == pytest.approx({"a": 2 / 3, "b": 1 / 3})
    assert found["rf"]["confidence"] == pytest.approx(0.9 * 2 / 3 + 0.8 / 3, abs=0.01)
    assert found["rf"]["drift"]["long"] > 0.25 > found["rf"]["drift"]["wide"]
    assert "classes" not in found["gb"], "its container published nothing"


def test_drift_is_of_the_rows_that_each_model_was_asked(served: Served, smendpoint: Any) -> None:
    for variant, shift in (("rf", 0.0), ("gb", 1.5)):
        rows = RNG.normal([5.0 + shift, 3.0], 1.0, (400, 2))
        given: list[tuple[str, str | None, str, float]] = [
            (f"{variant}{n}", f"{one},{two}", "ab"[n % 2] if variant == "rf" else "a", 0.9)
            for n, (one, two) in enumerate(rows)
        ]
        served.capture(variant, given)
    served.experiment()
    ran = smendpoint("answers", "ab", "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.err == ""
    found = {name: each["drift"] for name, each in ran.json()["report"]["models"].items()}
    assert found["rf"]["long"] < 0.1
    assert found["gb"]["long"] > 0.25
    assert max(found["rf"]["wide"], found["gb"]["wide"]) < 0.15
    assert found["rf"][PREDICTED] < 0.01
    assert found["gb"][PREDICTED] > 0.25


def test_a_model_that_was_edited_since_or_cannot_be_read_has_no_drift_and_it_is_said(
    served: Served, smendpoint: Any
) -> None:
    served.capture("rf", [("1", "5,1", "a", 0.9)])
    served.experiment(arms=[{"variant": "rf", "model": "other", "specWeight": 1}])
    served.body["spec"]["variants"][1]["modelArtifact"] = f"s3://{BUCKET}/gone/model.tar.gz"
    ran = smendpoint("answers", "ab")
    assert ran.code == 0, ran.err
    assert "rf was edited since" in ran.err
    assert "gb: no drift is told, as its artifact has no baseline" in ran.err
    assert "Drift" not in ran.out


def test_a_shadow_is_compared_on_the_requests_that_it_got_a_copy_of(served: Served, smendpoint: Any) -> None:
    spec = served.body["spec"]
    spec["shadow"] = spec["variants"].pop()
    for variant, said in (("rf", "aab"), ("gb", "abb")):
        served.capture(variant, [(str(number), None, label, 0.9) for number, label in enumerate(said)])
        served.publish(variant, "Invocations", {1.0: 3})
    ran = smendpoint("answers", "iris", "--endpoint", "--since", "1h", "-o", "json")
    assert ran.code == 0, ran.err
    report = ran.json()["report"]
    assert {name: each["requests"] for name, each in report["models"].items()} == {"rf": 3, "gb": 3}
    both = report["disagreement"]["rf / gb"]
    assert both["inputs"] == 3, "their inputs were not captured: by the inference id"
    assert both["share"] == pytest.approx(1 / 3)
    assert both["answers"] == {"a": {"a": 1, "b": 1}, "b": {"a": 0, "b": 1}}


def test_the_page_has_pictures_and_is_no_program_whatever_a_model_answers(
    served: Served, smendpoint: Any, tmp_path: Path
) -> None:
    evil = "<script>alert(1)</script>\x1b[2J"
    served.capture("rf", [("1", "5,1", evil, 0.9), ("2", "6,2", "b", 0.8)])
    served.capture("gb", [("4", "5,1", "b", 0.7)])
    served.experiment()
    file = tmp_path / "answers.html"
    ran = smendpoint("answers", "ab", str(file), "-o", "html")
    assert ran.code == 0, ran.err
    page = file.read_text()
    assert page.count("<svg") == 2, "classes, and what both answered to the same input"
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    shown = smendpoint("answers", "ab")
    assert "\x1b" not in page + shown.out
    assert smendpoint("answers", "ab", str(file)).code == 2
