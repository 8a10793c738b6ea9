"""`kubectl smendpoint answers`: what two models answered, counted from captured data and compared with a truth."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from smclient.answering import histogram
from smclient.captured.answers import Prediction, inputs, predictions
from smclient.captured.records import Side
from smendpoints.statistics.models import percentiles
from smsandbox.assets import BUCKET
from smsandbox.testing.harness import Harness
from smsandbox.testing.json_server import JsonServer

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
    [("application/json", "[]"), ("application/json", "{"), ("text/csv", "a,x\n"), ("image/png", "a")],
)
def test_what_is_no_answer_with_classes_is_none(media_type: str, body: str) -> None:
    assert predictions(Side(body.encode(), media_type)) == []


def test_a_row_is_the_same_however_it_was_sent() -> None:
    csv = inputs(Side(b"5.1,3\n", "text/csv"))
    assert csv == inputs(Side(b'{"instances": [[5.10, 3.0]]}', "application/json"))
    assert csv == inputs(Side(b"[5.1, 3]\n", "application/jsonlines"))
    assert csv != inputs(Side(b"5.1,4\n", "text/csv"))


def test_percentiles_come_from_ranks_within_a_bin() -> None:
    found = percentiles(histogram([10.0, 20.0, 40.0], [50.0, 90.0, 100.0, 100.0]))
    assert found == {"p50": 10.0, "p90": 20.0, "p99": pytest.approx(38.0)}
    rounded = histogram([10.0, 20.0], [50.0, 49.9, 100.0])
    assert min(rounded.counts) == 0, "ranks are rounded: no bin gets fewer than none"


def captured(key: str, row: str, label: str, confidence: float, at: datetime) -> bytes:
    answer = {"predictions": [{"predicted_class": label, "probabilities": {label: confidence}}]}
    body = base64.b64encode(json.dumps(answer).encode()).decode()
    data = {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": row, "encoding": "CSV"},
        "endpointOutput": {
            "observedContentType": "application/json; charset=utf-8",
            "mode": "OUTPUT",
            "data": body,
            "encoding": "BASE64",
        },
    }
    about = {"eventId": f"e-{key}", "inferenceId": key, "inferenceTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    return json.dumps({"captureData": data, "eventMetadata": about, "eventVersion": "0"}).encode() + b"\n"


def test_two_models_side_by_side(
    harness: Harness, server: JsonServer, smendpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boto3, "Session", lambda **_: harness.session)
    begun = datetime.now(UTC) - timedelta(minutes=30)
    at = begun + timedelta(minutes=5)
    given = {
        "rf": [("1", "5,1", "a", 0.9), ("2", "6,2", "b", 0.8), ("3", "7,3", "a", 0.7)],
        "gb": [("4", "5.0,1", "a", 1.0), ("5", "6,2", "a", 0.6)],
    }
    for variant, rows in given.items():
        lines = b"".join(captured(*row, at) for row in rows)
        key = f"captured/ml-iris/{variant}/{at:%Y/%m/%d/%H/%M}-00.jsonl"
        harness.client("s3").put_object(Bucket=BUCKET, Key=key, Body=lines)
    truth = b"inferenceId,value\n1,a\n2,b\n3,b\n5,b\n"
    harness.client("s3").put_object(Bucket=BUCKET, Key="species/all.csv", Body=truth)
    server.answers["GET", "/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerexperiments/ab"] = {
        "metadata": {"name": "ab", "namespace": "ml", "uid": "x", "generation": 1},
        "spec": {
            "endpointRef": {"name": "iris"},
            "control": "rf",
            "challengers": ["gb"],
            "metrics": {"primary": {"name": "errors", "errorRate": {}}},
        },
        "status": {
            "phase": "Running",
            "startedAt": f"{begun:%Y-%m-%dT%H:%M:%SZ}",
            "captured": f"s3://{BUCKET}/captured/ml-iris",
        },
    }
    ran = smendpoint("answers", "ab", "--truth", f"s3://{BUCKET}/species/", "-o", "json")
    assert ran.code == 0, ran.err
    found = ran.json()
    rf, gb = found["models"]["rf"], found["models"]["gb"]
    assert (rf["requests"], gb["requests"]) == (3, 2)
    assert rf["classes"] == pytest.approx({"a": 2 / 3, "b": 1 / 3})
    assert (rf["known"], rf["accuracy"]) == (3, pytest.approx(2 / 3))
    assert rf["confusion"] == {"a": {"a": 1, "b": 0}, "b": {"a": 1, "b": 1}}
    assert rf["calibration_error"] == pytest.approx((0.1 + 0.2 + 0.7) / 3)
    assert (gb["known"], gb["accuracy"]) == (1, 0.0)
    assert gb["confidence"] == pytest.approx(0.8)
    assert found["disagreement"] == {"rf / gb": 0.5}, "of the two inputs that both answered"
    shown = smendpoint("answers", "ab")
    assert "Different classes for the same input" in shown.out
    assert "accuracy" not in shown.out
