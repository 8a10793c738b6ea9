"""`kubectl smendpoint outcomes`, and the truth of docs/experiments.md: what is taken, which of it wins, what is told."""

import gzip
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from smclient.captured.join import Requests, joined
from smclient.captured.records import Record, records
from smclient.captured.truth import TruthFile, latest
from smclient.errors import ClientError
from smendpoints.api.experiment_metrics import ExperimentMetric, Outcome
from smendpoints.domain.experiment.outcomes import Minute, Summary, SummaryError
from smsandbox.assets import BUCKET
from smsandbox.testing.harness import Harness
from smsandbox.testing.interrupting import held, interrupted
from smsandbox.testing.json_server import JsonServer

PAGE = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text()
SECTION = PAGE.partition("## Outcomes that come later")[2].partition("\n## ")[0]
START = datetime(2026, 11, 26, 12, tzinfo=UTC)
CAPTURED = f"s3://{BUCKET}/captured/ml-iris"
CLICKED = {"name": "clicked", "better": "Higher", "outcome": {"truth": f"s3://{BUCKET}/clicks/", "afterMinutes": 20}}


def block(language: str, number: int = 0) -> str:
    """An example of the page in this language."""
    return str(re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)[number])


def file(text: str | bytes, minutes: int = 0, uri: str = "s3://b/clicks") -> TruthFile:
    data = text if isinstance(text, bytes) else text.encode()
    return TruthFile(uri, data, START + timedelta(minutes=minutes))


def test_the_pages_metric_and_truths_are_taken_as_they_stand() -> None:
    metric = ExperimentMetric.model_validate(yaml.safe_load(block("yaml"))["metrics"]["primary"])
    assert metric.outcome is not None
    csv, lines = file(block("csv")), file(gzip.compress(block("json").encode()), 1)
    asked = Requests()
    asked.add("rf", [Record(f"visit-{number}", START.timestamp(), None, None) for number in range(1, 5)])
    now = START.timestamp() + metric.outcome.after_minutes * 60 + 60
    found = joined("uid", metric.name, metric.outcome, asked, latest([csv, lines]), now)
    assert (found.requests, found.events, found.unknown) == ({"rf": 4}, {"rf": 1}, 1)
    left_out = metric.outcome.model_copy(update={"without_truth": "LeaveOut"})
    found = joined("uid", metric.name, left_out, asked, latest([csv, lines]), now)
    assert (found.requests, found.events, found.unknown) == ({"rf": 3}, {"rf": 1}, 1)


HEAD = "inferenceId,value,time\n"


@pytest.mark.parametrize(
    ("files", "value"),
    [
        ([file(HEAD + "a,1,\na,0,\n")], "0"),
        ([file(HEAD + "a,1,\n", 5), file(HEAD + "a,0,\n", 0)], "1"),
        ([file(HEAD + "a,1,\n", uri="s3://b/2"), file(HEAD + "a,0,\n", uri="s3://b/1")], "1"),
        ([file(HEAD + "a,1,2026-11-26T12:10:00Z\n", 0), file(HEAD + "a,0,\n", 9)], "1"),
        ([file(HEAD + "a,1,1795694401\n"), file(HEAD + "a,0,2026-11-26T13:00:00+01:00\n")], "1"),
        ([file("\ufeff" + HEAD + '"a",1,2026-11-26T12:10:00\n')], "1"),
        ([file("")], None),
    ],
    ids=["lines", "written", "keys", "time", "epoch", "bom", "empty"],
)
def test_the_latest_truth_of_an_id_wins(files: list[TruthFile], value: str | None) -> None:
    for order in (files, files[::-1]):
        found = latest(order)
        assert (found["a"].value if found else None) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,value\na,1\n", "the header lacks inferenceId or value"),
        ("inferenceId,value\na\n", "line 2: this is no truth"),
        ('{"inferenceId": "a"}\n', "line 1: this is no truth"),
        ("[1]\n", "line 1: this is no truth"),
        ('{"inferenceId": "a", "value": 1, "time": "soon"}\n', "line 1: this is no truth"),
        (b"\x1f\x8bnot gzip", "neither UTF-8 nor gzip"),
        (b"\xff\xfe", "neither UTF-8 nor gzip"),
    ],
)
def test_what_is_no_truth_is_told_with_its_place(text: str | bytes, told: str) -> None:
    with pytest.raises(ClientError, match=told):
        latest([file(text)])


def test_what_is_no_captured_request_is_told_with_its_place() -> None:
    with pytest.raises(ClientError, match=r"s3://b/x, line 2: this is not a captured request"):
        list(records(captured("a", START) + b"{}\n", "s3://b/x"))


def test_a_summary_says_the_same_after_it_was_written_and_others_are_refused() -> None:
    found = Summary("uid", "clicked", 100, {"rf": {7: Minute(3, 1, 1, 1), 5: Minute(2, 2, 2, 2)}})
    assert Summary.parse(found.dump(), "uid", "clicked", mean=False) == found
    assert b"total" not in found.dump()
    whole = json.loads(found.dump())
    for change, told in (
        ({"experiment": "other"}, "another experiment"),
        ({"metric": "other"}, "another experiment"),
        ({"version": 2}, "another release"),
        ({"until": -1}, "no summary"),
        ({"arms": {"rf": {"minutes": [5, 5], "requests": [1, 1], "events": [0, 0]}}}, "no summary"),
        ({"arms": {"rf": {"minutes": [5], "requests": [1], "events": [2]}}}, "no summary"),
        ({"arms": {"rf": {"minutes": [5], "requests": [1.5], "events": [0]}}}, "no summary"),
        ({"arms": {"rf": {"minutes": [5], "requests": [], "events": [0]}}}, "no summary"),
    ):
        with pytest.raises(SummaryError, match=told):
            Summary.parse(json.dumps({**whole, **change}).encode(), "uid", "clicked", mean=False)
    for data in (b"", b"[]", b"null", b"\xff", b'{"version":1}'):
        with pytest.raises(SummaryError, match="no summary"):
            Summary.parse(data, "uid", "clicked", mean=False)


@pytest.mark.parametrize(
    "sums",
    [
        {},
        {"total": [30.0], "squares": []},
        {"total": [30.0], "squares": [100.0]},
        {"total": [1.0], "squares": [-1.0]},
        {"total": [float("nan")], "squares": [1.0]},
        {"total": [1e200], "squares": [1e200]},
        {"total": [True], "squares": [1]},
    ],
    ids=["none", "short", "contradicted", "negative", "nan", "huge", "bool"],
)
def test_a_summary_of_numbers_whose_sums_are_none_is_refused(sums: dict[str, list[float]]) -> None:
    found = Summary("uid", "spent", 100, {"rf": {7: Minute(3, 2, 30.5, 600.25)}}, mean=True)
    assert Summary.parse(found.dump(), "uid", "spent", mean=True) == found
    whole = json.loads(found.dump())
    counts = {key: whole["arms"]["rf"][key] for key in ("minutes", "requests", "events")}
    with pytest.raises(SummaryError, match="no summary"):
        Summary.parse(json.dumps({**whole, "arms": {"rf": {**counts, **sums}}}).encode(), "uid", "spent", mean=True)


def test_of_a_mean_each_request_counts_with_its_value_at_most_so_much_and_nobody_told_of_as_nothing() -> None:
    written = yaml.safe_load(block("yaml", 1))["metrics"]["primary"]  # as the page has it
    assert ExperimentMetric.model_validate(written).is_mean
    outcome = Outcome.model_validate({**written["outcome"], "afterMinutes": 10, "atMost": 100})
    asked = Requests()
    asked.add("rf", [Record(key, START.timestamp(), None, None) for key in "abcd"])
    truth = latest([file("inferenceId,value\na,12.5\nb,-2\nc,1e6\n")])
    found = joined("uid", "spent", outcome, asked, truth, START.timestamp() + 700)
    assert (found.requests, found.events) == ({"rf": 4}, {"rf": 3})
    assert found.means == {"rf": pytest.approx(110.5 / 4)}
    (minute,) = found.summary.arms["rf"].values()
    assert minute.squares == pytest.approx(12.5**2 + 4 + 1e4)
    for value in ("much", "nan", "inf", "1e13"):
        bad = latest([file(f'{{"inferenceId": "a", "value": "{value}"}}\n')])
        with pytest.raises(ClientError, match="line 1: the value of an outcome is"):
            joined("uid", "spent", outcome, asked, bad, START.timestamp() + 700)
    with pytest.raises(ClientError, match="line 1: the value of an outcome is 'True'"):
        joined(
            "uid",
            "spent",
            outcome,
            asked,
            latest([file('{"inferenceId": "a", "value": true}')]),
            START.timestamp() + 700,
        )


def captured(key: str, at: datetime) -> bytes:
    about = {"eventId": f"event-{key}", "inferenceId": key, "inferenceTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    return json.dumps({"captureData": {}, "eventMetadata": about, "eventVersion": "0"}).encode() + b"\n"


class Served:
    """An experiment of an hour ago, captured requests, and truth, as S3 and the API server have them."""

    def __init__(self, harness: Harness, server: JsonServer) -> None:
        self._s3 = harness.client("s3")
        self.begun = datetime.now(UTC) - timedelta(minutes=60)
        status = {"phase": "Running", "startedAt": f"{self.begun:%Y-%m-%dT%H:%M:%SZ}", "captured": CAPTURED}
        self.body: dict[str, Any] = {
            "metadata": {"name": "ab", "namespace": "ml", "uid": "x", "generation": 1},
            "spec": {
                "endpointRef": {"name": "iris"},
                "control": "rf",
                "challengers": ["gb"],
                "metrics": {"primary": CLICKED},
            },
            "status": status,
        }
        server.answers["GET", "/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerexperiments/ab"] = self.body

    def put(self, key: str, data: bytes) -> None:
        self._s3.put_object(Bucket=BUCKET, Key=key, Body=data)

    def capture(self, variant: str, keys: Iterable[str], minute: int) -> None:
        at = self.begun + timedelta(minutes=minute)
        lines = b"".join(captured(key, at) for key in keys)
        self.put(f"captured/ml-iris/{variant}/{at:%Y/%m/%d/%H/%M}-{minute}.jsonl", lines)

    def summary(self) -> Summary:
        key = "captured/ml-iris/_outcomes/ab/clicked.json"
        return Summary.parse(self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read(), "x", "clicked", mean=False)


@pytest.fixture
def served(harness: Harness, server: JsonServer, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setattr(boto3, "Session", lambda **_: harness.session)
    return Served(harness, server)


def test_the_command_leaves_the_counts_for_the_operator_and_tells_them(served: Served, smendpoint: Any) -> None:
    served.capture("rf", ["a", "b", "twice"], 5)
    served.capture("rf", ["young"], 55)
    served.capture("rf", ["before"], -5)
    served.capture("gb", ["c", "twice"], 6)
    served.put("clicks/1.csv", b"inferenceId,value\na,1\nc,1\nnobody,1\nbefore,1\n")
    dry = smendpoint("outcomes", "ab", "--dry-run", "-o", "json").json()
    ran = smendpoint("outcomes", "ab")
    assert ran.code == 0, ran.err
    assert [line.split() for line in ran.out.splitlines()[1:]] == [
        ["clicked", "gb", "1", "1"],
        ["clicked", "rf", "2", "1"],
    ]
    for told in (
        "1 requests are too recent to count",
        "1 requests are old enough, and nothing is known of them",
        "1 requests are left out, as several variants answered",
        "2 truths are of requests that were not captured",
        f"written to {CAPTURED}/_outcomes/ab/clicked.json",
    ):
        assert told in ran.err
    minute = int(served.begun.timestamp()) // 60
    assert served.summary().arms == {"rf": {minute + 5: Minute(2, 1, 1, 1)}, "gb": {minute + 6: Minute(1, 1, 1, 1)}}
    assert dry[0]["variants"] == {"gb": {"requests": 1, "events": 1}, "rf": {"requests": 2, "events": 1}}


def test_a_dry_run_writes_nothing(served: Served, smendpoint: Any, harness: Harness) -> None:
    served.capture("rf", ["a"], 5)
    served.put("clicks/1.csv", b"inferenceId,value\na,1\n")
    assert smendpoint("outcomes", "ab", "--dry-run").code == 0
    listed = harness.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="captured/ml-iris/_outcomes")
    assert listed["KeyCount"] == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"spec": {"metrics": {"primary": {"name": "e", "errorRate": {}}}}}, "no metric of ab is an outcome"),
        ({"status": {"startedAt": None}}, "ab has not begun"),
        ({"status": {"captured": None}}, "captured no requests when it began"),
    ],
)
def test_what_cannot_be_joined_is_told_with_what_to_do(
    served: Served, smendpoint: Any, change: dict[str, dict[str, Any]], told: str
) -> None:
    for part, fields in change.items():
        served.body[part].update(fields)
    ran = smendpoint("outcomes", "ab")
    assert (ran.code, ran.out) == (1, "")
    assert told in ran.err
    assert len(ran.err.splitlines()) == 2, "an error, and what to do"


def test_an_outcome_needs_its_age() -> None:
    with pytest.raises(ValueError, match="afterMinutes"):
        Outcome.model_validate({"truth": "s3://b/t"})


def test_counts_whose_writing_was_interrupted_are_whole_and_counted_anew(
    server: JsonServer, harness: Harness, aws_environment: dict[str, str], again: Any
) -> None:
    served = Served(harness, server)
    served.capture("rf", ["a", "b"], 5)
    served.capture("gb", ["c"], 6)
    served.put("clicks/1.csv", b"inferenceId,value\na,1\nc,1\n")
    interrupted(("outcomes", "ab"), held(harness, "PutObject"), aws_environment)
    first = served.summary()
    assert first.arms.keys() == {"rf", "gb"}
    assert again("outcomes", "ab").code == 0
    assert served.summary().arms == first.arms
