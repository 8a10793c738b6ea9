"""`experiments`, `experiment`, `promote`: how A/B tests are shown, reported and brought into the spec."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from smclient import ClientError, Experiment, KeptError, NotFoundError
from smclient.acting import reweigh
from smclient.cli.completion import completions
from smclient.cli.report import page
from smclient.kube.cluster import Cluster
from smclient.kube.kubeconfig import Access
from smclient.specs.promoting import promotion
from smclient.views.advice import advice
from smclient.views.experiments import experiment_view
from smendpoints.api.experiment import SageMakerExperimentSpec
from smendpoints.api.experiment_status import (
    Bounds,
    Challenger,
    Look,
    MetricFinding,
    SageMakerExperimentStatus,
    TrafficStep,
)
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.experiment.arms import all_to, arm_of
from smendpoints.domain.experiment.saying import Said, Saying, shown
from smsandbox import paths
from smsandbox.aws.core.ports import InstanceSpec
from smsandbox.testing import specs
from smsandbox.testing.documented import blocks
from smsandbox.testing.harness import Harness
from smsandbox.testing.json_server import JsonServer
from smsandbox.testing.traffic import Behaviour, Traffic
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.world import ACCOUNT, REGION

NAMESPACE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml"
HERE = f"{NAMESPACE}/sagemakerexperiments"
THERE = f"{NAMESPACE}/sagemakerendpoints/iris"
START = datetime(2026, 11, 26, tzinfo=UTC)
HOSTILE = '</title><script>alert(1)</script>\x1b[2J"'
SPEC: dict[str, Any] = {
    "endpointRef": {"name": "iris"},
    "control": "rf",
    "challengers": ["gb"],
    "metrics": {
        "primary": {"name": "slow", "latencyAbove": {"milliseconds": 20}, "marginPercentagePoints": 0.5},
        "guardrails": [{"name": "errors", "errorRate": {}, "marginPercentagePoints": 0.25}],
    },
}


def iris(gb: float = 1.0, **more: Any) -> dict[str, Any]:
    """An endpoint with both arms and a third variant, as the API server has it."""
    variants: list[dict[str, Any]] = [
        {
            "name": name,
            "image": "i",
            "modelArtifact": f"s3://models/{name}",
            "instance": {"type": "ml.m5.large", "count": 1},
        }
        for name in ("rf", "gb", "other")
    ]
    for variant, weight in zip(variants, (3.0, gb, 4.0), strict=True):
        variant["weight"] = weight
    metadata = {"name": "iris", "namespace": "ml", "uid": "u", "generation": 2, "resourceVersion": "7", **more}
    return {"metadata": metadata, "spec": {"variants": variants}, "status": {}}


def experiment(verdict: Any = None, *, message: str = "m", shifts: bool = True, **spec: Any) -> dict[str, Any]:
    """An experiment as the operator leaves it: not begun yet, running (`HOLD`), or with a verdict."""
    wanted = SageMakerExperimentSpec.model_validate({**SPEC, **spec})
    saying = {None: Saying.WAITING, "HOLD": Saying.RUNNING}.get(verdict) or Saying(verdict)
    status = SageMakerExperimentStatus(phase="Waiting", conditions=shown(Said(saying, message), 1, START))
    if verdict is not None:
        arms = [arm for name in wanted.arms() if (arm := arm_of(SageMakerEndpoint.parse(iris()), name)) is not None]
        over = verdict != "HOLD"
        weights = {"rf": 2.0, "gb": 2.0}
        after = all_to(arms, "gb" if verdict == "SHIP" else "rf") if shifts else None
        step = TrafficStep(traffic_percent=50, weights=weights, asked_at=START, counts_from=START)
        findings = [
            MetricFinding(
                metric=name, control=0.021, challenger=0.014, difference=-0.007, lower=low, upper=high, requests=900
            ).model_copy(update={"passed": verdict == "SHIP", "worse": verdict == "ROLLBACK"})
            for name, low, high in (("slow", -0.011, -0.0029), ("errors", -0.004, 0.001))
        ]
        looks = [
            Look(
                at=START + timedelta(minutes=10 * number),
                requests=200 * number,
                primary=[Bounds(variant="gb", difference=-0.007, lower=-1 / number, upper=0.8 / number)],
            )
            for number in range(1, 31)
        ]
        found = Challenger(variant="gb", verdict=verdict, reason="slow is better", metrics=findings)
        status = status.model_copy(
            update={
                "phase": "Finished" if over else "Running",
                "verdict": verdict if over else None,
                "winner": "gb" if verdict == "SHIP" else None,
                "primary": "2.1% → 1.4%",
                "interval": "-1.1 to -0.29 points",
                "requests": 6000,
                "started_at": START,
                "ended_at": START + timedelta(hours=5) if over else None,
                "arms": arms,
                "weights": after if over else weights,
                "steps": [step],
                "challengers": [found],
                "looks": looks,
            }
        )
    return {
        "apiVersion": "smendpoints.dev/v1alpha1",
        "kind": "SageMakerExperiment",
        "metadata": {
            "name": "ab",
            "namespace": "ml",
            "uid": "x",
            "generation": 1,
            "creationTimestamp": "2026-11-26T00:00:00Z",
        },
        "spec": wanted.model_dump(mode="json", by_alias=True, exclude_none=True),
        "status": status.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


# the list


def test_the_list_has_the_columns_of_kubectl_and_more_when_wide(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", HERE] = {"items": [experiment("SHIP"), experiment()], "metadata": {}}
    ran = smendpoint("experiments")
    heads, *rows = [re.split(r"\s{2,}", line) for line in ran.out.splitlines()]
    assert heads == ["NAME", "STATUS", "VERDICT", "PRIMARY", "REQUESTS", "AGE"]
    assert rows[0][:5] == ["ab", "Finished", "SHIP", "2.1% → 1.4%", "6000"]
    assert rows[1][:5] == ["ab", "Waiting", "-", "-", "-"]
    wide = smendpoint("experiments", "-o", "wide").out
    assert wide.splitlines()[0].split()[-3:] == ["INTERVAL", "ENDPOINT", "MESSAGE"]
    assert "-1.1 to -0.29 points" in wide
    assert smendpoint("experiments", "-o", "name").out.splitlines()[0] == "sagemakerexperiment.smendpoints.dev/ab"
    shown_ = smendpoint("experiments", "-o", "json").json()
    assert [each.get("verdict") for each in shown_] == ["SHIP", None]
    assert yaml.safe_load(smendpoint("experiments", "-o", "yaml").out)[0]["requests"] == 6000


def test_all_namespaces_are_one_request_and_a_column(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", "/apis/smendpoints.dev/v1alpha1/sagemakerexperiments"] = {
        "items": [experiment("HOLD")],
        "metadata": {},
    }
    assert smendpoint("experiments", "-A").out.splitlines()[1].split()[:3] == ["ml", "ab", "Running"]


def test_none_an_older_operator_and_a_missing_right_are_each_told(server: JsonServer, smendpoint: Any) -> None:
    old = smendpoint("experiments")
    assert (old.code, "older than this" in old.err) == (1, True)
    server.answers["GET", HERE] = {"items": [], "metadata": {}}
    assert smendpoint("experiments").err == "No SageMakerExperiments found in the namespace ml.\n"
    server.answers["GET", HERE] = (403, {"message": "forbidden"})
    assert "you may not list sagemakerexperiments" in smendpoint("experiments").err


def test_names_of_experiments_are_completed(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", HERE] = {"items": [experiment()], "metadata": {}}
    for verb in ("experiment", "promote"):
        assert completions([verb], "a") == ["ab", ":4"]
    assert completions(["experiment"], "z") == [":4"]


# one experiment


def test_one_is_a_tree_of_arms_metrics_split_and_what_to_do(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment("HOLD", message="gb: not decided yet; until 2026-12-10")
    said = smendpoint("experiment", "ab").out
    assert "ml/ab  Running" in said
    assert re.search(r"control rf .*50% of the arms' traffic", said)
    assert re.search(r"challenger gb .*50% of the arms' traffic", said)
    assert re.search(
        r"slow \(primary\) +2\.1% +1\.4% +-0\.7 +-1\.1 to -0\.29 points +0\.5 points +900 +not decided", said
    )
    assert re.search(r"errors +2\.1% +1\.4% +-0\.7 +-0\.4 to \+0\.1 points +0\.25 points", said)
    assert "split check: " in said
    assert "what to do: Wait, and look as often as you like" in said
    assert "LOOK" not in said


def spending() -> dict[str, Any]:
    """One whose primary metric is a mean that is known later."""
    outcome = {"truth": "s3://shop-truth/spent/", "afterMinutes": 60, "type": "Mean"}
    found = experiment("HOLD", metrics={"primary": {"name": "spent", "better": "Higher", "outcome": outcome}})
    for arm, number in zip(found["status"]["arms"], (4100, 1900), strict=True):
        arm["requests"] = number
    until = "2026-11-26T03:00:00Z"
    known = {"control": 12.345, "challenger": 13.5, "difference": 1.155, "lower": 0.25, "upper": 2.1}
    found["status"]["challengers"][0]["metrics"] = [
        {"metric": "spent", **known, "requests": 1700, "countedUntil": until}
    ]
    return found


def test_a_mean_is_told_in_its_own_unit_with_its_source_and_until_when_it_counts(
    server: JsonServer, smendpoint: Any
) -> None:
    server.answers["GET", f"{HERE}/ab"] = spending()
    said = smendpoint("experiment", "ab").out
    assert re.search(r"control rf .* 4,100 requests", said)
    assert re.search(r"challenger gb .* 1,900 requests", said)
    assert re.search(r"spent \(primary\) +12\.35 +13\.5 +\+1\.16 +\+0\.25 to \+2\.1 +- +1,700", said)
    source = "mean of what was told below s3://shop-truth/spent/, 60 minutes on; requests until 2026-11-26 03:00Z count"
    assert f"spent: {source}" in said
    drawn = smendpoint("experiment", "ab", "-o", "html").out
    assert source in drawn
    assert "<td>4,100</td>" in drawn
    assert "-0.007 to" not in drawn, "looks are in the unit, too"
    told = smendpoint("experiment", "ab", "-o", "json").json()
    assert told["challengers"][0]["metrics"][0]["control"] == 12.345
    assert [arm["requests"] for arm in told["arms"]] == [4100, 1900]


def test_one_that_is_not_there_is_told_with_those_that_are(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", HERE] = {"items": [experiment()], "metadata": {}}
    ran = smendpoint("experiment", "nope")
    assert ran.err.startswith("error: there is no SageMakerExperiment nope in the namespace ml\nIn ml there are: ab")


def test_each_end_says_what_to_do_next() -> None:
    def said(verdict: Any, **how: Any) -> str:
        return advice(experiment_view(experiment(verdict, **how)))

    assert "kubectl smendpoint promote ab -n ml" in said("SHIP")
    assert "gb serves all" in said("SHIP")
    assert "serves all" not in said("SHIP", shifts=False)
    assert "Keep rf: take gb out of the spec of iris" in said("ROLLBACK")
    assert "make a new one" in said("INVALID")
    assert "No difference was shown" in said("INCONCLUSIVE")
    assert "Wait for it to begin" in said(None)
    leaving = experiment("HOLD")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-26T01:00:00Z"
    assert advice(experiment_view(leaving)).startswith("Nothing: it goes")


def test_a_report_goes_to_a_file_in_each_form(server: JsonServer, smendpoint: Any, tmp_path: Path) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment("SHIP")
    for form in ("text", "json", "yaml", "html"):
        path = tmp_path / f"report.{form}"
        assert smendpoint("experiment", "ab", "-o", form, str(path)).code == 0
        assert path.read_text(encoding="utf-8").rstrip("\n") == smendpoint("experiment", "ab", "-o", form).out.rstrip(
            "\n"
        )
    text = (tmp_path / "report.text").read_text(encoding="utf-8")
    assert text.count("points") > 30, "every look is in it"
    assert "\x1b" not in text
    assert smendpoint("experiment", "ab", str(tmp_path / "x")).code == 2
    refused = smendpoint("experiment", "ab", "-o", "html", str(tmp_path / "no" / "x"))
    assert (refused.code, "can't be written" in refused.err) == (1, True)


class Page(HTMLParser):
    """What a browser would make of a page: its tags, its attributes, its text."""

    VOID = frozenset({"meta", "line", "polygon", "polyline"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_is_whole_alone_and_strict(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment("SHIP")
    written = smendpoint("experiment", "ab", "-o", "html").out
    page = Page(written)
    assert page.open == []
    assert page.tags.count("svg") == 1
    assert page.tags.count("polygon") == 1
    assert not {"script", "link", "img", "iframe"} & {*page.tags}
    names = {name for name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")} | ({"style", "src", "href"} & names)
    (policy,) = [value for name, value in page.attributes if name == "content" and "default-src" in str(value)]
    assert re.fullmatch(r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='", str(policy))
    said = " ".join(page.texts)
    for what in ("SHIP", "rf", "gb", "-1.1 to -0.29 points", "promote ab", "Split check"):
        assert what in said
    assert page.texts.count("2026-11-26 05:00Z") >= 2, "the last look and the end"


def test_what_others_wrote_is_text_in_every_form(server: JsonServer, smendpoint: Any) -> None:
    found = experiment("SHIP", message=HOSTILE)
    found["metadata"]["name"] = HOSTILE
    found["spec"]["endpointRef"]["name"] = HOSTILE
    found["spec"]["metrics"]["primary"]["name"] = HOSTILE
    found["status"]["challengers"][0]["reason"] = HOSTILE
    found["status"]["challengers"][0]["metrics"][0]["metric"] = HOSTILE
    server.answers["GET", f"{HERE}/ab"] = found
    page = Page(smendpoint("experiment", "ab", "-o", "html").out)
    assert page.open == []
    assert "script" not in page.tags
    assert "<script>" in "".join(page.texts)
    for form in ("text", "html", "json", "yaml"):
        assert "\x1b" not in smendpoint("experiment", "ab", "-o", form).out
    assert "\x1b" not in smendpoint("experiment", "ab").out


def test_before_anything_is_known_the_page_has_no_picture(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment()
    page = Page(smendpoint("experiment", "ab", "-o", "html").out)
    assert "svg" not in page.tags
    assert "no look yet" in " ".join(page.texts)


# promote


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
            "error: nothing was written, as nobody could be asked: standard input has ended",
            "Give --yes to do it unasked",
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
    assert "Flux keeps the spec of iris as Git has it" in ran.err
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
    with pytest.raises(KeptError, match="Flux keeps the spec of iris") as refused:
        ab.promote()
    assert [each["weight"] for each in refused.value.patch["spec"]["variants"]] == [0.0, 4.0, 4.0]
    assert ab.promote(anyway=True).winner == "gb"


def test_the_examples_of_the_docs_run(
    server: JsonServer, smendpoint: Any, endpoint: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Those of docs/python.md, as they stand there."""
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
    ask, promote = (block.text for block in blocks(paths.repository() / "docs/python.md"))
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
