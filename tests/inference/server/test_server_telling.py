"""What the server tells: its settings, its page, its log and its metrics."""

import json
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sminference.config import Settings, SettingsError, help_text
from sminference.drift import Drift
from sminference.emf import quantiles
from sminference.hosting import load_model
from sminference.logs import LineWriter
from sminference.model import Model

FEATURES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.9, 3.1, 5.4, 2.1]]


@pytest.fixture
def client(make_client: Callable[..., Any], model_dir: Callable[[str], Path]) -> Any:
    settings = Settings(model_dir=model_dir("random-forest"), variant="blue")
    return make_client(settings, load_model(settings))


def metrics(client: Any) -> list[dict[str, Any]]:
    """What a flush writes."""
    client.lines.taken.clear()
    client.observer.stop()
    return [line for line in client.lines.taken if "_aws" in line]


def by_dimensions(records: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [line for line in records if line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [list(names)]]


def test_settings_come_from_the_environment() -> None:
    settings = Settings.from_environ(
        {
            "SM_MODEL_DIR": "/m",
            "SAGEMAKER_BIND_TO_PORT": "8085",
            "SAGEMAKER_MULTI_MODEL": "TRUE",
            "SMINFERENCE_THREADS": " 4 ",
            "SMINFERENCE_HOST": "",
            "PATH": "/bin",
        }
    )
    assert (settings.model_dir, settings.port, settings.multi_model, settings.threads, settings.host) == (
        Path("/m"),
        8085,
        True,
        4,
        "0.0.0.0",
    )


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SAGEMAKER_BIND_TO_PORT", "http", "SAGEMAKER_BIND_TO_PORT: expected 1 to 65535, got 'http'"),
        ("SAGEMAKER_BIND_TO_PORT", "0", "SAGEMAKER_BIND_TO_PORT: expected 1 to 65535, got '0'"),
        ("SMINFERENCE_THREADS", "1", "SMINFERENCE_THREADS: expected 2 to 1024, got '1'"),
        (
            "SMINFERENCE_ALLOW_PICKLE",
            "maybe",
            "SMINFERENCE_ALLOW_PICKLE: expected true or false, got 'maybe'",
        ),
        (
            "SMINFERENCE_CLASSES",
            "a,,b",
            "SMINFERENCE_CLASSES: expected names separated by commas, or a JSON list of them, got 'a,,b'",
        ),
        (
            "SMINFERENCE_CLASSES",
            "[1, 2]",
            "SMINFERENCE_CLASSES: expected names separated by commas, or a JSON list of them, got '[1, 2]'",
        ),
        ("SMINFERENCE_METRICS_SECONDS", "nan", "SMINFERENCE_METRICS_SECONDS: expected 0 to 3600, got 'nan'"),
        ("SMINFERENCE_TREADS", "4", "SMINFERENCE_TREADS: no such setting; `python -m sminference --help` lists them"),
    ],
)
def test_a_wrong_setting_is_told(variable: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({variable: value})
    assert str(caught.value) == message


def test_the_help_lists_every_setting_with_its_default() -> None:
    text = help_text()
    assert text.count("default ") >= 20
    for variable in ("SM_MODEL_DIR", "SAGEMAKER_BIND_TO_PORT", "SMINFERENCE_MAX_BODY_BYTES"):
        assert f"  {variable}\n" in text
    assert "default 6291456" in text


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "text"),
    [
        (["--help"], {}, 0, "usage: python -m sminference serve"),
        ([], {}, 2, "expected the command serve, got nothing; see --help"),
        (["train"], {}, 2, "expected the command serve, got train; see --help"),
        (["serve"], {"SAGEMAKER_BIND_TO_PORT": "x"}, 2, "SAGEMAKER_BIND_TO_PORT: expected 1 to 65535, got 'x'"),
    ],
)
def test_the_command_line_says_what_it_expects(
    arguments: list[str], environment: dict[str, str], status: int, text: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sminference", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert text in done.stdout + done.stderr


def test_the_description_tells_the_model_and_how_to_ask(client: Any, model: Callable[[str], Model]) -> None:
    told = client(path="/", method="GET").json
    assert told["model"] == "random-forest"
    assert told["version"] == model("random-forest").version
    assert told["description"]["classes"] == ["setosa", "versicolor", "virginica"]
    assert told["limits"]["body_bytes"] == 6 * 1024 * 1024
    example = told["example"]
    body = example[example.index("-d '") + 4 : example.index("' http")]
    assert client(body).status == 200


def test_a_browser_sees_a_page(client: Any) -> None:
    reply = client(path="/", method="GET", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert reply.headers["content-type"].startswith("text/html")
    page = reply.body.decode()
    for text in ("<h1>random-forest</h1>", "POST /invocations", "versicolor", "curl -H", "application/x-npy"):
        assert text in page


def test_batch_transform_is_told_what_to_use(client: Any) -> None:
    told = client(path="/execution-parameters", method="GET").json
    assert told["BatchStrategy"] == "MULTI_RECORD"
    assert told["MaxPayloadInMB"] == 6
    assert told["MaxConcurrentTransforms"] >= 1


def test_a_request_without_an_id_gets_one(client: Any) -> None:
    client(ROWS)
    client(ROWS)
    first, second = [line["id"] for line in client.lines.taken]
    assert first != second


def test_metrics_count_what_happened(client: Any, model: Callable[[str], Model]) -> None:
    for _ in range(7):
        client(ROWS)
    client("x")
    records = metrics(client)
    (whole,) = by_dimensions(records, "Model", "Version", "Variant")
    assert (whole["Model"], whole["Version"], whole["Variant"]) == (
        "random-forest",
        model("random-forest").version,
        "blue",
    )
    assert (whole["Invocations"], whole["Errors4XX"], whole["Errors5XX"], whole["Rows"]) == (8, 1, 0, 14)
    assert len(whole["Latency"]) == 7
    assert all(0 < milliseconds < 60_000 for milliseconds in whole["Latency"])
    assert whole["Confidence"] == sorted(
        round(float(row.max()), 2) for row in model("random-forest").predict_proba(np.array(ROWS * 7))
    )
    classes = by_dimensions(records, "Model", "Version", "Variant", "Class")
    assert {line["Class"]: line["Predictions"] for line in classes} == {"setosa": 7, "versicolor": 0, "virginica": 7}


def test_a_metric_line_has_the_embedded_form(client: Any) -> None:
    client(ROWS * 200)
    for line in metrics(client):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "smendpoints/inference"
        assert isinstance(line["_aws"]["Timestamp"], int)
        for name in directive["Dimensions"][0]:
            assert isinstance(line[name], str)
        for metric in directive["Metrics"]:
            values = line[metric["Name"]]
            assert len(values if isinstance(values, list) else [values]) <= 100
            assert metric["Unit"] in {"Count", "Milliseconds", "None"}
        assert len(json.dumps(line)) < 256 * 1024


def test_a_flush_starts_anew(client: Any) -> None:
    client(ROWS)
    assert metrics(client)
    client.observer._timer._ended.clear()
    assert metrics(client) == []


def test_drift_is_small_for_the_training_data_and_large_for_other_data(
    make_client: Callable[..., Any], model_dir: Callable[[str], Path], trained: Callable[[str], Any]
) -> None:
    def told(rows: np.ndarray[Any, Any]) -> dict[str, float]:
        settings = Settings(model_dir=model_dir("random-forest"))
        client = make_client(settings, load_model(settings))
        for row in rows:
            client([row.tolist()])
        records = by_dimensions(metrics(client), "Model", "Version", "Feature")
        return {line["Feature"]: line["InputDrift"] for line in records}

    from smtraining.data import iris

    X = iris().X
    assert max(told(np.concatenate([X, X])).values()) < 0.1
    drift = told(np.concatenate([X, X]) + np.array([0, 0, 3, 0]))
    assert drift["petal length (cm)"] > 0.25
    assert max(value for name, value in drift.items() if name != "petal length (cm)") < 0.1


def test_few_rows_tell_nothing_of_drift(client: Any) -> None:
    client(ROWS * 20)
    assert not by_dimensions(metrics(client), "Model", "Version", "Variant", "Feature")


def test_drift_of_a_discrete_feature_uses_its_few_values() -> None:
    baseline = {"features": {"x": {"deciles": [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]}}}
    drift = Drift.from_baseline(baseline, ["x"])
    same = drift.count(np.array([[0.0]] * 500 + [[1.0]] * 500))
    assert drift.index(same)["x"] == pytest.approx(0, abs=0.05)
    other = drift.count(np.array([[1.0]] * 1000))
    assert drift.index(other)["x"] > 1


def test_without_a_baseline_nothing_is_said_of_drift() -> None:
    drift = Drift.from_baseline({}, ["x"])
    assert drift.index(drift.count(np.zeros((1000, 1)))) == {}


def test_quantiles_keep_the_ends_and_the_shape() -> None:
    counts = Counter({1: 980, 50: 19, 99: 1})
    found = quantiles(counts)
    assert (len(found), found[0], found[-1]) == (100, 1, 99)
    assert found.count(50) == 1
    assert quantiles(Counter({3: 2, 1: 1})) == [1, 3, 3]


def test_latencies_are_told_within_two_percent(client: Any, model: Callable[[str], Model]) -> None:
    rows, outputs = np.array(ROWS), model("random-forest").predict_proba(np.array(ROWS))
    for milliseconds in (0.2, 5.0, 900.0):
        client.observer._metrics.answered(model("random-forest"), rows, outputs, milliseconds / 1000)
    (whole,) = by_dimensions(metrics(client), "Model", "Version", "Variant")
    assert all(math.isclose(a, b, rel_tol=0.02) for a, b in zip(whole["Latency"], (0.2, 5.0, 900.0), strict=True))


def test_predictions_are_counted_by_the_class_that_was_predicted(client: Any, model: Callable[[str], Model]) -> None:
    rows, outputs = np.array(ROWS), model("random-forest").predict_proba(np.array(ROWS))
    client.observer._metrics.answered(model("random-forest"), rows, outputs, 0.001, np.array([1, 1]))
    classes = by_dimensions(metrics(client), "Model", "Version", "Variant", "Class")
    assert {line["Class"]: line["Predictions"] for line in classes} == {"setosa": 0, "versicolor": 2, "virginica": 0}


def test_logs_and_metrics_can_be_turned_off(make_client: Callable[..., Any], model_dir: Callable[[str], Path]) -> None:
    settings = Settings(model_dir=model_dir("random-forest"), log_requests=False, metrics_seconds=0)
    quiet = make_client(settings, load_model(settings))
    quiet(ROWS)
    quiet("x")
    quiet.observer.stop()
    assert quiet.lines.taken == []


def test_the_process_flushes_its_metrics_when_it_ends(start_server: Any, model_dir: Callable[[str], Path]) -> None:
    server = start_server(SM_MODEL_DIR=str(model_dir("random-forest")))
    server.post(json.dumps(ROWS).encode())
    assert server.stop() == 0
    records = [line for line in server.logged() if "_aws" in line]
    assert [line["Rows"] for line in records if "Rows" in line] == [2]


def test_log_lines_come_whole_in_order_and_all(until: Any) -> None:
    reading, writing = os.pipe()
    lines = LineWriter(writing)
    for number in range(2000):
        lines.put({"number": number})
    received = b""

    def all_there() -> bool:
        nonlocal received
        received += os.read(reading, 1 << 16)
        return received.count(b"\n") == 2000

    until(all_there)
    lines.put({"number": 2000})
    lines.flush()
    received += os.read(reading, 1 << 16)
    assert [json.loads(line)["number"] for line in received.splitlines()] == list(range(2001))


def test_a_log_that_nobody_reads_stops_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    lines = LineWriter(writing)
    lines.put({"number": 1})
    lines.flush()
    lines.put({"number": 2})
    lines.flush()


@pytest.mark.parametrize("attributes", ["describe=true", "note=x; describe=True", "describe=1&explain=true"])
def test_the_model_describes_itself_to_clients_that_reach_invocations_alone(client: Any, attributes: str) -> None:
    reply = client(b"no rows", headers={"X-Amzn-SageMaker-Custom-Attributes": attributes}, content_type="text/x")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.headers["x-amzn-sagemaker-custom-attributes"] == attributes
    told = reply.json
    assert told["schema"] == "smendpoints.dev/description/v1"
    assert [feature["name"] for feature in told["description"]["features"]] == FEATURES
    assert told["description"]["classes"] == ["setosa", "versicolor", "virginica"]
    assert sorted(told["baseline"]["features"]) == sorted(FEATURES)
    assert all(each["min"] < each["mean"] < each["max"] for each in told["baseline"]["features"].values())
    assert told["explanations"] == ["set", "disagreement", "shap"]
    assert told["limits"] == {"rows": 100_000, "rows_with_explanations": 1000}
    assert metrics(client) == []


@pytest.mark.parametrize("attributes", ["describe=false", "describe", "note=please describe=no", "xdescribe=true"])
def test_nothing_is_described_unasked(client: Any, attributes: str) -> None:
    assert "predictions" in client(ROWS, headers={"X-Amzn-SageMaker-Custom-Attributes": attributes}).json
