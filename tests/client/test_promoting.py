"""`promote` and `smclient.Experiment`: how a winner is brought into the spec, by a person and by a program."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from smclient import ClientError, Experiment, KeptError, NotFoundError
from smclient.acting import reweigh
from smclient.cli.report import page
from smclient.kube.cluster import Cluster
from smclient.kube.kubeconfig import Access
from smclient.specs.promoting import promotion
from smclient.views.advice import advice
from smclient.views.experiments import experiment_view
from smsandbox import paths
from smsandbox.aws.core.ports import InstanceSpec
from smsandbox.testing import specs
from smsandbox.testing.documented import blocks
from smsandbox.testing.experiment_cases import HERE, THERE, experiment, iris
from smsandbox.testing.harness import Harness
from smsandbox.testing.html_page import Page
from smsandbox.testing.json_server import JsonServer
from smsandbox.testing.traffic import Behaviour, Traffic
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.world import ACCOUNT, REGION


def test_the_winner_gets_the_weights_of_all_arms_and_the_others_keep_theirs(
    server: JsonServer, smendpoint: Any
) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment("SHIP")
    server.answers["GET", THERE] = iris()
    server.answers["PATCH", THERE] = iris()
    ran = smendpoint("promote", "ab", "--yes")
    assert (ran.code, ran.out) == (0, "sagemakerendpoint.smendpoints.dev/iris promoted gb\n")
    sent = server.asked[-1].body
    assert sent["metadata"] == {"resourceVersion": "7"}
    assert {each["name"]: each["weight"] for each in sent["spec"]["variants"]} == {"rf": 0.0, "gb": 4.0, "other": 4.0}
    assert [each["modelArtifact"] for each in sent["spec"]["variants"]] == [
        "s3://models/rf",
        "s3://models/gb",
        "s3://models/other",
    ]
    assert "delete it by `kubectl delete smexperiment ab -n ml`" in ran.err
    assert "rf still runs and costs" in ran.err


def test_nothing_is_written_without_a_yes(server: JsonServer, smendpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment("SHIP")
    server.answers["GET", THERE] = iris()
    server.answers["PATCH", THERE] = iris()
    asked: list[str] = []

    def no(question: str, **_: Any) -> bool:
        asked.append(question)
        return False

    with monkeypatch.context() as answering:
        answering.setattr("click.confirm", no)
        refused = smendpoint("promote", "ab")
    assert (refused.code, refused.err) == (1, "error: nothing was written\n")
    assert asked == ["Set the weights of iris to rf 0, gb 4?"]
    monkeypatch.setattr("sys.stdin", io.StringIO())
    refused = smendpoint("promote", "ab")
    assert (refused.code, refused.err.splitlines()[1:]) == (
        1,
        [
            "error: nothing was written: standard input ended before the question was answered",
            "Use --yes to skip the question",
        ],
    )
    ran = smendpoint("promote", "ab", "--dry-run")
    assert yaml.safe_load(ran.out)["spec"]["variants"][1]["weight"] == 4
    assert [each.query.get("dryRun") for each in server.asked if each.method == "PATCH"] == ["All"]


def test_where_git_keeps_the_spec_the_patch_is_printed_and_the_experiment_stays(
    server: JsonServer, smendpoint: Any
) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment("SHIP")
    server.answers["GET", THERE] = iris(labels={"kustomize.toolkit.fluxcd.io/name": "apps"})
    ran = smendpoint("promote", "ab")
    assert ran.code == 1
    assert [each["weight"] for each in yaml.safe_load(ran.out)["spec"]["variants"]] == [0.0, 4.0, 4.0]
    assert "Keep the experiment until the spec says so" in ran.err
    assert "Flux manages the spec of iris" in ran.err
    assert {each.method for each in server.asked} == {"GET"}


def test_what_the_spec_says_already_is_not_written(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment("SHIP")
    there = iris()
    there["spec"]["variants"][0]["weight"], there["spec"]["variants"][1]["weight"] = 0, 4
    server.answers["GET", THERE] = there
    ran = smendpoint("promote", "ab")
    assert ran.out == "sagemakerendpoint.smendpoints.dev/iris unchanged\n"
    assert "delete it by" in ran.err


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (None, "ab has no verdict yet, so there is nothing to promote"),
        ("HOLD", "ab has no verdict yet, so there is nothing to promote"),
        ("ROLLBACK", "ab ended as ROLLBACK, the verdict is for the control"),
        ("INVALID", "ab ended as INVALID, nothing could be concluded"),
        ("INCONCLUSIVE", "ab ended as INCONCLUSIVE, neither was shown to be better"),
    ],
)
def test_without_a_winner_it_refuses(server: JsonServer, smendpoint: Any, verdict: Any, sentence: str) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment(verdict)
    ran = smendpoint("promote", "ab", "--yes")
    assert (ran.code, ran.err.splitlines()[0]) == (1, f"error: {sentence}")
    assert [each.path for each in server.asked] == [f"{HERE}/ab"]


def test_a_winner_that_was_edited_since_is_not_what_was_compared(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment("SHIP")
    there = iris()
    there["spec"]["variants"][1]["modelArtifact"] = "s3://models/newer"
    server.answers["GET", THERE] = there
    assert "was edited or redeployed since" in smendpoint("promote", "ab", "--yes").err
    there["spec"]["variants"].pop(1)
    assert "variant gb is in iris no more" in smendpoint("promote", "ab", "--yes").err
    assert {each.method for each in server.asked} == {"GET"}


# for programs


@pytest.fixture
def ab(server: JsonServer) -> Iterator[Experiment]:
    """The experiment as a program has it; its endpoint is there."""
    server.answers["GET", THERE] = iris()
    server.answers["PATCH", THERE] = iris()
    with Experiment("ab", cluster=Cluster(Access(server.url, namespace="ml"))) as found:
        yield found


def test_a_program_waits_for_the_verdict_promotes_the_winner_and_deletes(server: JsonServer, ab: Experiment) -> None:
    later = iter([experiment(), experiment("HOLD")])
    server.answers["GET", f"{HERE}/ab"] = lambda _: next(later, experiment("SHIP"))
    assert repr(ab) == "Experiment('ab', 'ml')"
    assert ab.status().phase == "Waiting"
    decided = ab.wait(30)
    assert (decided.verdict, decided.winner, decided.challengers[0].metrics[0].upper) == ("SHIP", "gb", -0.29)
    assert "kubectl smendpoint promote ab -n ml" in ab.advice()
    assert ab.promote(dry_run=True).weights == {"rf": 0.0, "gb": 4.0}
    assert ab.promote().winner == "gb"
    sent = [each for each in server.asked if each.method == "PATCH"]
    assert [each.query.get("dryRun") for each in sent] == ["All", None]
    server.answers["DELETE", f"{HERE}/ab"] = {}
    ab.delete()
    assert server.asked[-1].body["preconditions"] == {"uid": "x"}


def test_a_program_hears_why_there_will_be_no_verdict(server: JsonServer, ab: Experiment) -> None:
    stalled = experiment("HOLD", message="there is no endpoint iris")
    stalled["status"]["conditions"][0]["reason"] = "EndpointNotFound"
    stalled["status"]["observedGeneration"] = 1
    server.answers["GET", f"{HERE}/ab"] = stalled
    with pytest.raises(ClientError, match="ml/ab is stalled: there is no endpoint iris"):
        ab.wait(30)
    stalled["metadata"]["generation"] = 2  # the operator has not looked at the edit yet
    with pytest.raises(ClientError, match=r"ml/ab is not decided after 0\.1 s"):
        ab.wait(0.1)
    stalled["metadata"]["deletionTimestamp"] = "2026-11-26T01:00:00Z"
    with pytest.raises(ClientError, match="is being deleted, without a verdict"):
        ab.wait(30)
    server.answers["GET", f"{HERE}/ab"] = None
    with pytest.raises(NotFoundError):
        ab.wait(30)


def test_a_program_is_told_where_git_keeps_the_spec(server: JsonServer, ab: Experiment) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment("SHIP")
    server.answers["GET", THERE] = iris(labels={"kustomize.toolkit.fluxcd.io/name": "apps"})
    with pytest.raises(KeptError, match="Flux manages the spec of iris") as refused:
        ab.promote()
    assert [each["weight"] for each in refused.value.patch["spec"]["variants"]] == [0.0, 4.0, 4.0]
    assert ab.promote(anyway=True).winner == "gb"


def test_the_examples_of_the_docs_run(
    server: JsonServer, smendpoint: Any, endpoint: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Those of docs/python.md, as they stand there; that of `answers` is in test_answers."""
    for name, value in {
        "ENDPOINT_URL": server.url,
        "REGION": REGION,
        "ACCESS_KEY_ID": "a",
        "SECRET_ACCESS_KEY": "b",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    server.answers["GET", THERE] = endpoint()
    said = {"predictions": [{"predicted_class": "setosa"}]}
    server.answers["POST", "/endpoints/ml-iris/invocations"] = said
    name = f"{HERE}/iris-boosting"
    server.answers["GET", name] = experiment("SHIP")
    server.answers["DELETE", name] = {}
    ask, promote, _ = (block.text for block in blocks(paths.repository() / "docs/python.md"))
    exec(compile(ask, "ask", "exec"), {})  # noqa: S102 - the documentation is ours
    assert capsys.readouterr().out.startswith("setosa by ")
    server.answers["GET", THERE] = server.answers["PATCH", THERE] = iris()
    exec(compile(promote, "promote", "exec"), {})  # noqa: S102 - likewise
    assert capsys.readouterr().out.splitlines()[1] == "{'rf': 0.0, 'gb': 4.0}"
    assert server.asked[-1].method == "DELETE"


# what an operator decides


def better(spec: InstanceSpec) -> Behaviour:
    return Behaviour(errors=0.01 if spec.variant == "challenger" else 0.05)


def test_what_an_operator_decided_is_shown_and_promoted_for_good() -> None:
    """In virtual time, with traffic: the status is the operator's own, and so is what becomes of the weights."""
    harness = Harness(settings=BRISK)
    harness.apply("iris", specs.two_variants(3, 1))
    harness.settle("iris")
    Traffic(harness.world, "default-iris", 3000, better, account=ACCOUNT, region=REGION, seed=0)
    primary = {"name": "errors", "errorRate": {}, "marginPercentagePoints": 1}
    spec = {"endpointRef": {"name": "iris"}, "control": "primary", "challengers": ["challenger"]}
    more = {"metrics": {"primary": primary}, "targetRequests": 20000, "onVerdict": "ShiftTraffic"}
    harness.experiments.apply("ab", {**spec, **more})

    def body() -> dict[str, Any]:
        found: dict[str, Any] = harness.experiments.objects["ab"].body
        return found

    def weights() -> dict[str, float]:
        return {each["VariantName"]: each["DesiredWeight"] for each in harness.live()["ProductionVariants"]}

    end = harness.clock.now() + 6 * 3600
    while body().get("status", {}).get("phase") != "Finished":
        assert harness.clock.now() < end, body()
        harness.run(30, tick=30)
    harness.settle("iris")
    view = experiment_view(body())
    assert (view.verdict, view.winner, view.split, view.owns) == ("SHIP", "challenger", "right", True)
    assert [(arm.variant, arm.share) for arm in view.arms] == [("primary", 0), ("challenger", 100)]
    (metric,) = view.challengers[0].metrics
    assert metric.passed
    assert metric.upper is not None
    assert metric.upper < 0
    drawn = Page(page(view, datetime.now(UTC)))
    assert (drawn.open, drawn.tags.count("polygon")) == ([], 1)

    endpoint = harness.objects["iris"].body
    change = reweigh(endpoint, promotion(body(), endpoint).weights)
    harness.apply("iris", {**endpoint["spec"], **change})
    harness.run(300)
    assert weights() == {"primary": 0, "challenger": 4}
    assert harness.resource("iris").status.traffic_owner is None, "the spec's weights are in force"
    assert experiment_view(body()).owns is False
    assert "serves all" not in advice(experiment_view(body()))
    again = harness.objects["iris"].body
    assert reweigh(again, promotion(body(), again).weights)["variants"] == again["spec"]["variants"]
    harness.simulator.close()
    assert harness.violations == []
