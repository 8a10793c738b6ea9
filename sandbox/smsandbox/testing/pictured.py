"""What pictures of the console show: endpoints and an experiment in virtual time, models that answer.

All was made by the operator and AWS's simulator; only what a live endpoint would have measured of an hour (requests,
errors, latencies) is drawn by a formula. What was captured are answers of the models to flowers of the data set.
"""

import base64
import contextlib
import copy
import io
import json
import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_iris

from smclient.aws.session import Aws
from smclient.payload import JSON
from sminference.artifact import load
from sminference.asked import describes, explanation
from sminference.config import Settings
from sminference.served import Served
from smsandbox.assets import BUCKET
from smsandbox.aws.core.ports import InstanceSpec
from smsandbox.aws.fleet.artifact import unpack
from smsandbox.testing.console import Objects
from smsandbox.testing.harness import Harness
from smsandbox.testing.price_list import PriceList
from smsandbox.testing.specs import ARTIFACTS, spec, two_variants, with_variant
from smsandbox.testing.traffic import Behaviour, Traffic
from smsandbox.world import ACCOUNT, REGION

CANARY = {"strategy": "Canary", "stepPercent": 25, "stepWaitSeconds": 900, "rollback": {"onRequest": True}}
MODELS = {"primary": "random-forest", "challenger": "gradient-boosting"}
LOG = (
    "Loading the model from /opt/ml/model",
    "Traceback (most recent call last):",
    '  File "/srv/app.py", line 12, in <module>',
    "ModuleNotFoundError: No module named 'xgboost'",
)
TRUTH = f"s3://{BUCKET}/truth/"
_CAPTURED = {"destination": f"s3://{BUCKET}/captured/", "samplingPercentage": 1, "capture": "InputAndOutput"}
_REQUESTS = 1500  # a minute
_ERRORS = {"primary": 0.034, "challenger": 0.021}
_ASKED_AGAIN = 7  # times that each flower was asked about: about as many requests as the sample has of them
_IRIS = {**two_variants(9, 1), "monitoring": {"maxErrorRatePercent": 2}, "dataCapture": _CAPTURED}
EXPERIMENT = {
    "endpointRef": {"name": "iris"},
    "control": "primary",
    "challengers": ["challenger"],
    "metrics": {
        "primary": {"name": "errors", "errorRate": {}, "marginPercentagePoints": 1},
        "guardrails": [{"name": "slow", "latencyAbove": {"milliseconds": 500}, "marginPercentagePoints": 2}],
    },
    "targetRequests": 40000,
    # Whole hours: CloudWatch keeps no shorter time of years ago, when all of this happens.
    "duration": {"minMinutes": 180},
}


@dataclass(frozen=True)
class Pictured:
    """What the pages read, and the time it is there, in seconds since 1970."""

    endpoints: Objects
    experiments: Objects
    aws: Aws
    now: float


@contextlib.contextmanager
def pictured() -> Iterator[Pictured]:
    """All of it, as long as the block lasts."""
    harness = Harness()
    try:
        with tempfile.TemporaryDirectory() as folder:
            models = _Models(Path(folder), harness.client("s3"))
        _experiment(harness, models)
        experiment_until = harness.clock.now()
        _endpoints(harness)
        endpoints, experiments = Objects(), Objects()
        endpoints.put(*(dict(each.body) for each in harness.objects.values()))
        experiments.put(*(dict(each.body) for each in harness.experiments.objects.values()))
        yield Pictured(endpoints, experiments, _Measured(harness, models, experiment_until), harness.clock.now())
    finally:
        harness.simulator.close()


def _experiment(harness: Harness, models: "_Models") -> None:
    """An experiment on `iris` that has run for some hours: the challenger fails less often."""
    harness.apply("iris", _IRIS)
    harness.settle("iris")
    traffic = Traffic(harness.world, "default-iris", _REQUESTS, _behaves, account=ACCOUNT, region=REGION, seed=3)
    harness.experiments.apply("iris-ab", EXPERIMENT)
    models.capture(harness, harness.clock.now() + 5400)
    harness.run(4 * 3600, tick=60)
    traffic.stop()


def _behaves(instance: InstanceSpec) -> Behaviour:
    return Behaviour(errors=_ERRORS[instance.variant])


def _endpoints(harness: Harness) -> None:
    """Four endpoints: two variants after an update, a canary that bakes, one that fails, one that nobody asks."""
    harness.apply("iris", _IRIS)
    harness.apply("wine", spec())
    harness.apply(
        "churn", with_variant(spec(rollout=CANARY), instance={"type": "ml.m5.large", "count": 4}, scaling=None)
    )
    for name in ("iris", "wine", "churn"):
        harness.settle(name)
    updated = copy.deepcopy(_IRIS)
    updated["variants"][1]["modelArtifact"] = ARTIFACTS[2]
    harness.apply("iris", updated)
    harness.settle("iris")
    harness.run(3600)
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("fraud", with_variant(spec(), scaling=None))
    harness.settle("fraud")
    status = harness.objects["fraud"].body["status"]
    harness.set_status("fraud", {**status, "failure": {**status["failure"], "logTail": list(LOG)}})
    wanted = with_variant(dict(harness.objects["churn"].body["spec"]), modelArtifact=ARTIFACTS[3])
    harness.apply("churn", wanted)
    for _ in range(500):
        harness.tick()
        if harness.objects["churn"].body["status"].get("rollout", {}).get("stage") == "Baking":
            break
        harness.world.advance(5.0)
    harness.run(60)


class _Measured(Aws):
    """The simulator; but an hour of traffic is measured by a formula, and models answer that are here."""

    def __init__(self, harness: Harness, models: "_Models", experiment_until: float) -> None:
        super().__init__(REGION, harness.session)
        self._models = models
        self._experiment_until = experiment_until

    def client(self, service: str, **settings: Any) -> Any:
        if service == "sagemaker-runtime":
            return self._models
        if service == "pricing":
            return PriceList()
        found = super().client(service, **settings)
        return _Metrics(found, self._experiment_until) if service == "cloudwatch" else found


class _Models:
    """The models of `iris`, by variant, served by the container's own application."""

    def __init__(self, folder: Path, s3: Any) -> None:
        self._served = {}
        for (variant, name), uri in zip(MODELS.items(), ARTIFACTS, strict=False):
            train = ["-m", "smtraining", "train", "--model", name, "--seed", "42", "--splits", "3", "--output", name]
            subprocess.run([sys.executable, *train], check=True, cwd=folder, stdout=subprocess.DEVNULL)
            archive = (folder / name / "model.tar.gz").read_bytes()
            s3.put_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"), Body=archive)
            unpack(archive, name, name, folder / variant)
            self._served[variant] = Served(load(folder / variant), Settings())

    def capture(self, harness: Harness, at: float) -> None:
        """Every flower, badly measured, was asked about at that time, of every variant; what it is was told later."""
        flowers, s3, when = load_iris(), harness.client("s3"), datetime.fromtimestamp(at, UTC)
        measured, kinds = np.tile(flowers.data, (_ASKED_AGAIN, 1)), np.tile(flowers.target, _ASKED_AGAIN)
        rows = (measured + np.random.default_rng(5).normal(0, 0.35, measured.shape)).round(1)
        truth = ["inferenceId,value"]
        for variant in MODELS:
            lines = []
            for number, (row, kind) in enumerate(zip(rows, kinds, strict=True)):
                asked = json.dumps({"instances": [row.tolist()]}).encode()
                answer = self._served[variant].answer(asked, JSON, JSON, None).body
                sides = {
                    side: {"observedContentType": JSON, "data": base64.b64encode(body).decode(), "encoding": "BASE64"}
                    for side, body in (("endpointInput", asked), ("endpointOutput", answer))
                }
                key = f"{variant}-{number}"
                about = {"eventId": key, "inferenceId": key, "inferenceTime": f"{when:%Y-%m-%dT%H:%M:%SZ}"}
                lines.append(json.dumps({"captureData": sides, "eventMetadata": about, "eventVersion": "0"}))
                truth.append(f"{key},{flowers.target_names[kind]}")
            where = f"captured/default-iris/{variant}/{when:%Y/%m/%d/%H/%M}-00.jsonl"
            s3.put_object(Bucket=BUCKET, Key=where, Body="\n".join(lines).encode())
        s3.put_object(Bucket=BUCKET, Key="truth/all.csv", Body="\n".join(truth).encode())

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        variant = request.get("TargetVariant") or next(iter(MODELS))
        served, attributes = self._served[variant], request.get("CustomAttributes", "")
        if describes(attributes):
            body = json.dumps(served.describe()).encode()
        else:
            body = served.answer(request["Body"], JSON, JSON, explanation({}, attributes)).body
        return {"Body": io.BytesIO(body), "ContentType": JSON, "InvokedProductionVariant": variant}


class _Metrics:
    """As far as the pages ask CloudWatch, whose alarms are the simulator's."""

    def __init__(self, cloudwatch: Any, experiment_until: float) -> None:
        self._cloudwatch = cloudwatch
        self._experiment_until = experiment_until

    def describe_alarms(self, **asked: Any) -> Any:
        return self._cloudwatch.describe_alarms(**asked)

    def get_paginator(self, _: str) -> "_Metrics":
        return self

    def paginate(self, MetricDataQueries: list[Any], StartTime: datetime, EndTime: datetime) -> Iterator[Any]:  # noqa: N803
        results = []
        for each in MetricDataQueries:
            asked = each["MetricStat"]
            about = {entry["Name"]: entry["Value"] for entry in asked["Metric"]["Dimensions"]}
            period = asked["Period"]
            count = int((EndTime - StartTime).total_seconds() // period)
            times = [datetime.fromtimestamp(StartTime.timestamp() + period * index, UTC) for index in range(count)]
            quiet, of = "wine" in about["EndpointName"], partial(_value, asked, about["VariantName"])
            compared = [moment.timestamp() <= self._experiment_until for moment in times]
            values = [0.0 if quiet else of(index, compared=each) for index, each in enumerate(compared)]
            results.append({"Id": each["Id"], "Timestamps": times, "Values": values})
        yield {"MetricDataResults": results}


def _value(asked: Mapping[str, Any], variant: str, index: int, *, compared: bool) -> float:
    """Of one period; while the variants are `compared`, each has half of the requests, and fails as it does then."""
    wave = math.sin(index / 9) + 0.4 * math.sin(index / 2.3)
    challenger = variant == "challenger"
    share = 0.5 if compared else 0.1 if challenger else 0.9
    requests: float = round(_REQUESTS * asked["Period"] / 60 * share * (1 + 0.02 * wave))
    name = asked["Metric"]["MetricName"]
    if name == "Invocations" or asked["Stat"] == "SampleCount":
        return requests
    if name == "Invocation5XXErrors" and compared:
        return float(round(_ERRORS[variant] * requests))
    if name.startswith("Invocation"):
        return 0.0
    if rank := re.fullmatch(r"PR\(:(\d+)\)", asked["Stat"]):  # how many percent were at most so long, in microseconds
        return 100 / (1 + (4200 * (1.25 if challenger else 1.0) / max(int(rank[1]), 1)) ** 3)
    base = {"p50": 4200, "p90": 7900, "p99": 15400}[asked["Stat"]] * (1.25 if challenger else 1.0)
    return base * (1 + 0.05 * wave)
