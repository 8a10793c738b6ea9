"""The pages of experiments, and the judged rollout on an endpoint's: what stands there, in each state. No browser."""

import copy
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from smclient.console.app import create_app
from smclient.errors import KubernetesError
from smsandbox.process import wait_until
from smsandbox.testing.console import Objects, backend_over

Make = Callable[..., dict[str, Any]]
Post = Callable[..., Any]
HOSTILE = "<script>alert(1)</script>\u202e{{ 7*7 }}"


def seen(client: FlaskClient, path: str, holds: Callable[[str], bool], code: int = 200) -> str:
    """The page once it shows that."""
    found = {"text": ""}

    def looks() -> bool | None:
        answer = client.get(path)
        found["text"] = html.unescape(answer.text)
        return (answer.status_code == code and holds(found["text"])) or None

    wait_until(looks, 20, lambda: f"{path}: {found['text']}")
    return found["text"]


def mark(text: str) -> str:
    """What a dialog saw of the object."""
    found = re.search(r'name="mark" value="([^"]+)"', text)
    assert found is not None, text
    return found[1]


def over(an_experiment: Make, **changes: Any) -> dict[str, Any]:
    """One that ended with a SHIP, and moved nothing."""
    status = {"phase": "Finished", "verdict": "SHIP", "winner": "boosting", "weights": None, **changes}
    return an_experiment(**status)


def test_the_list_has_the_columns_of_kubectl_and_follows_the_cluster(
    client: FlaskClient, experiments: Objects, an_experiment: Make
) -> None:
    assert "There are no experiments yet." in client.get("/experiments/").text
    experiments.put(an_experiment())
    experiments.put(
        an_experiment("won", phase="Finished", verdict="SHIP"),
        an_experiment("older", phase="Finished", verdict="INVALID"),
    )
    text = seen(client, "/experiments/rows", lambda text: "older" in text)
    for shown in (
        "SHIP",
        "INVALID",
        "5% → 3%",
        "-2.8 to -1.2 points",
        "36\u202f000",
        "boosting: not decided yet: slow",
    ):
        assert shown in text
    assert 'href="/endpoints/ml/iris/"' in text
    mark_of = text.partition('name="seen" value="')[2].partition('"')[0]
    assert client.get("/experiments/rows", query_string={"seen": mark_of}).status_code == 204
    experiments.take("ml", "older")
    seen(client, "/experiments/rows", lambda text: "older" not in text)


def test_many_come_in_pages_those_that_run_first(
    client: FlaskClient, experiments: Objects, an_experiment: Make
) -> None:
    experiments.put(*(an_experiment(f"e{number}", phase="Finished") for number in range(60)), an_experiment("runs"))
    text = seen(client, "/experiments/", lambda text: "61 experiments" in text)
    assert text.count('id="row-') == 50
    assert text.index(">runs<") < text.index(">e0<")
    assert client.get("/experiments/?page=2").text.count('id="row-') == 11


def test_an_experiment_is_shown_with_a_picture_and_a_table_for_each_challenger(
    client: FlaskClient, experiments: Objects, an_experiment: Make
) -> None:
    experiments.put(an_experiment())
    text = seen(client, "/experiments/ml/ab/", lambda text: "compared with the control" in text)
    assert text.count('<polygon class="band"') == text.count("As a table") == 2
    assert text.count('<line class="margin"') == 2
    assert text.count('<circle class="verdict bad"') == 1, "of the one that was given up"
    first = text[text.index('aria-label="Evaluations of boosting"') : text.index('aria-label="Evaluations of deep"')]
    assert first.count('<tr role="row">') == 15 + 1 + 3  # a head each, and two metrics
    assert "-2.83 to -1.17" in first
    second = text[text.index('aria-label="Evaluations of deep"') :]
    assert "any to +9" in second, "an end that is open"
    for shown in (
        "worse by more than the margin: errors",
        "requests answered with 4xx, lower is better, margin 1 points",
        "Matches the weights",
        "from the experiment",
        "stopped",
        "at the latest",
    ):
        assert shown in text
    assert "Change to commit in Git" not in text
    assert "Promote" not in text


def test_a_mean_is_shown_in_its_own_unit_and_until_when_it_counts(
    client: FlaskClient, experiments: Objects, an_experiment: Make
) -> None:
    found = copy.deepcopy(an_experiment())
    outcome = {"truth": "s3://shop-truth/spent/", "afterMinutes": 60, "type": "Mean"}
    found["spec"]["metrics"] = {"primary": {"name": "spent", "better": "Higher", "margin": 0.5, "outcome": outcome}}
    known = {"control": 12.345, "challenger": 13.5, "difference": 1.155, "lower": 0.25, "upper": 2.1, "requests": 1700}
    status = found["status"]
    status["challengers"] = [
        {
            "variant": "boosting",
            "verdict": "HOLD",
            "reason": "not decided yet",
            "metrics": [{"metric": "spent", **known}],
        }
    ]
    status["challengers"][0]["metrics"][0]["countedUntil"] = "2026-11-26T03:00:00Z"
    status["arms"][0]["requests"] = 41234
    experiments.put(found)
    text = seen(client, "/experiments/ml/ab/", lambda text: "12.35" in text)
    for shown in (
        "13.5",
        "+1.16",
        "+0.25 to +2.1",
        "mean of what was told below s3://shop-truth/spent/, 60 minutes on",
    ):
        assert shown in text
    assert "margin 0.5;" in text
    assert "spent: difference, boosting minus control" in text
    assert "41\u202f234" in text


def test_before_the_first_look_nothing_is_drawn(client: FlaskClient, experiments: Objects, an_experiment: Make) -> None:
    found = an_experiment("new")
    found["status"] = {"observedGeneration": -1}
    experiments.put(found)
    text = seen(client, "/experiments/ml/new/", lambda text: "compared with the control" in text)
    assert text.count("There is no evaluation yet.") == 2
    assert "<polygon" not in text
    assert "the operator has not looked at it yet" in text


def test_names_and_reasons_with_markup_are_text(client: FlaskClient, experiments: Objects, an_experiment: Make) -> None:
    found = an_experiment(phase="Finished", verdict="SHIP", winner=HOSTILE, primary=HOSTILE, interval=HOSTILE)
    found["spec"]["control"] = HOSTILE
    found["spec"]["endpointRef"]["name"] = HOSTILE
    found["spec"]["metrics"]["primary"]["name"] = HOSTILE
    found["spec"]["goal"] = found["spec"]["onVerdict"] = HOSTILE
    found["spec"]["challengers"][0] = found["status"]["challengers"][0]["variant"] = HOSTILE
    found["status"]["challengers"][0].update(reason=HOSTILE, verdict=HOSTILE)
    found["status"]["conditions"][0]["message"] = HOSTILE
    for look in found["status"]["looks"]:
        look["primary"][0]["variant"] = HOSTILE
    experiments.put(found)
    seen(client, "/experiments/", lambda text: "1 experiment" in text)
    for path in ("/experiments/", "/experiments/ml/ab/"):
        text = client.get(path).text
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text
        assert "\u202e" not in text


def test_what_is_not_there_is_a_page_that_says_so(client: FlaskClient) -> None:
    client.get("/experiments/")
    assert "Not Found" in seen(client, "/experiments/ml/absent/", lambda _: True, 404)
    assert "There is no SageMakerExperiment absent" in seen(
        client, "/experiments/ml/absent/actions/end", lambda _: True, 404
    )


@pytest.mark.parametrize("path", ["/experiments/", "/experiments/ml/ab/"])
def test_what_cannot_be_listed_is_told_with_what_to_do_and_what_was_known_stays(
    objects: Objects, experiments: Objects, an_experiment: Make, path: str
) -> None:
    told = KubernetesError("this cluster has no sagemakerexperiments.smendpoints.dev", "upgrade it with its CRDs", 404)
    experiments.away = told
    backend = backend_over(objects, experiments=experiments)
    app, tickets = create_app(backend)
    client = app.test_client()
    client.get("/", query_string={"token": tickets.issue()})
    text = client.get(path).text
    assert "This cluster has no sagemakerexperiments.smendpoints.dev." in text
    assert "Upgrade it with its CRDs." in text
    assert client.get("/").status_code == 200, "endpoints do not depend on it"
    experiments.away = None
    experiments.put(an_experiment())
    seen(client, path, lambda text: "5% → 3%" in text or "compared with the control" in text)
    experiments.go(told)
    text = seen(client, path, lambda text: "cannot be reached; this is as of" in text)
    assert "36\u202f000" in text
    backend.stop()


def test_who_may_list_one_namespace_is_told_which(
    client: FlaskClient, experiments: Objects, an_experiment: Make
) -> None:
    experiments.only = "ml"
    experiments.put(an_experiment(), an_experiment("far", "other"))
    text = seen(
        client, "/experiments/", lambda text: "You have no permission to list experiments in all namespaces." in text
    )
    assert "1 experiment" in text


@pytest.fixture
def won(objects: Objects, experiments: Objects, an_object: Make, an_experiment: Make, arms: list[Any]) -> Objects:
    """An experiment that boosting won, on an endpoint that has a variant beside its arms."""
    endpoint = an_object("iris")
    endpoint["spec"]["variants"] = [*arms, {**arms[0], "name": "other", "weight": 90}]
    objects.put(endpoint)
    experiments.put(over(an_experiment))
    return objects


def weights(objects: Objects) -> dict[str, float]:
    return {each["name"]: each["weight"] for each in objects.found["ml", "iris"]["spec"]["variants"]}


def test_a_winner_is_promoted_into_the_endpoints_spec(client: FlaskClient, won: Objects, post: Post) -> None:
    seen(client, "/endpoints/ml/iris/", lambda text: "other" in text)
    text = seen(client, "/experiments/ml/ab/", lambda text: "Promote boosting" in text)
    assert "- name: boosting\n    weight: 10\n" in text
    asked = html.unescape(client.get("/experiments/ml/ab/actions/promote").text)
    assert "to the SageMakerEndpoint iris" in asked
    assert "- name: boosting\n    weight: 10\n" in asked
    assert "still runs and costs without traffic" in asked
    refused = post("/experiments/ml/ab/actions/promote", mark="uid/7")
    assert (refused.status_code, "Somebody changed iris meanwhile." in refused.text) == (502, True)
    assert weights(won)["boosting"] == 2
    answer = post("/experiments/ml/ab/actions/promote", mark=mark(asked))
    assert (answer.status_code, answer.location) == (303, "/experiments/ml/ab/")
    assert weights(won) == {"forest": 0, "boosting": 10, "deep": 0, "other": 90}
    assert all(each["image"] for each in won.found["ml", "iris"]["spec"]["variants"]), "all else of a variant stays"
    seen(client, "/experiments/ml/ab/", lambda text: "Change to commit in Git" not in text and "Promote" not in text)


def test_a_winner_that_was_edited_since_or_that_git_keeps_is_not_promoted(
    client: FlaskClient, won: Objects, post: Post
) -> None:
    found = copy.deepcopy(won.found["ml", "iris"])
    found["metadata"]["labels"] = {"argocd.argoproj.io/instance": "models"}
    won.put(found)
    text = seen(client, "/experiments/ml/ab/actions/promote", lambda text: "Argo CD manages this object" in text)
    assert "weight: 10" in text
    assert post("/experiments/ml/ab/actions/promote", mark=mark(text)).status_code == 502
    found["spec"]["variants"][1]["image"] += "0"
    won.put(found)
    seen(client, "/experiments/ml/ab/actions/promote", lambda text: "edited or redeployed since" in text, 502)
    assert weights(won)["boosting"] == 2


@pytest.mark.parametrize("verdict", ["ROLLBACK", "INVALID", "INCONCLUSIVE"])
def test_where_nobody_won_there_is_nobody_to_promote(
    client: FlaskClient, experiments: Objects, an_experiment: Make, post: Post, verdict: str
) -> None:
    experiments.put(over(an_experiment, verdict=verdict, winner=None))
    text = seen(client, "/experiments/ml/ab/", lambda text: "What to do:" in text)
    assert "<code>kubectl delete smexperiment ab -n ml</code>" in text
    assert "Promote" not in text
    assert ("Change to commit in Git" in text) is (verdict == "ROLLBACK")
    assert f"Ab ended as {verdict}" in post("/experiments/ml/ab/actions/promote", mark="x").text


def test_what_a_verdict_does_is_changed_while_it_runs_and_not_after(
    client: FlaskClient, experiments: Objects, post: Post, an_experiment: Make
) -> None:
    experiments.put(an_experiment(), an_experiment("x", phase="Finished", verdict="INVALID"))
    seen(client, "/experiments/ml/ab/", lambda text: "Shift traffic after the verdict" in text)
    asked = html.unescape(client.get("/experiments/ml/ab/actions/shift").text)
    assert "onVerdict: ShiftTraffic" in asked
    assert post("/experiments/ml/ab/actions/shift", mark=mark(asked)).status_code == 303
    assert experiments.found["ml", "ab"]["spec"]["onVerdict"] == "ShiftTraffic"
    seen(client, "/experiments/ml/ab/", lambda text: "Only report the verdict" in text)
    refused = post("/experiments/ml/x/actions/shift", mark="uid-ml-x/1")
    assert (refused.status_code, "X has ended." in refused.text) == (502, True)


def test_an_experiment_is_ended_by_deleting_it_and_not_where_git_keeps_it(
    client: FlaskClient, experiments: Objects, post: Post, an_experiment: Make
) -> None:
    kept = an_experiment("kept")
    kept["metadata"]["labels"] = {"argocd.argoproj.io/instance": "models"}
    experiments.put(an_experiment(), kept)
    text = seen(client, "/experiments/ml/kept/actions/end", lambda text: "Argo CD manages this object" in text)
    assert "<button class" not in text
    assert post("/experiments/ml/kept/actions/end", mark=mark(text)).status_code == 502
    text = client.get("/experiments/ml/ab/actions/end").text
    assert client.post("/experiments/ml/ab/actions/end", data={"mark": mark(text)}).status_code == 403, "no token"
    answer = post("/experiments/ml/ab/actions/end", mark=mark(text))
    assert (answer.status_code, answer.location) == (303, "/experiments/")
    assert list(experiments.found) == [("ml", "kept")]
    assert "ab is being deleted." in client.get("/experiments/").text


def test_who_may_only_look_has_no_buttons(
    client: FlaskClient, objects: Objects, experiments: Objects, an_experiment: Make
) -> None:
    objects.may = False
    experiments.put(over(an_experiment))
    text = seen(client, "/experiments/ml/ab/", lambda text: "You have read-only access." in text)
    assert "/actions/" not in text
    assert "Change to commit in Git" in text


def test_an_endpoint_says_which_experiment_has_its_traffic(
    client: FlaskClient, objects: Objects, an_object: Make
) -> None:
    objects.put(an_object("iris", trafficOwner={"experiment": "ab", "weights": {"rf": 1}}))
    seen(client, "/endpoints/ml/iris/", lambda text: 'href="/experiments/ml/ab/"' in text)


ANALYSIS = {
    "asked": {"metrics": [{"name": "errors", "errorRate": {}, "marginPercentagePoints": 0.5}], "confidence": 0.95},
    "verdict": "Rollback",
    "message": f"worse: errors of rf {HOSTILE}",
    "asOf": "2026-11-26T09:40:00Z",
    "horizon": 100,
    "metrics": [
        {
            "name": "errors",
            "variant": "rf",
            "oldPercent": 0.31,
            "newPercent": 2.5,
            "differencePoints": 2.19,
            "lowerPoints": 1.1,
            "oldRequests": 10800,
            "newRequests": 1200,
            "missingPeriods": 3,
            "verdict": "Worse",
        }
    ],
}


@pytest.mark.parametrize(
    ("status", "heading"),
    [
        ({"rollout": {"phase": "InProgress", "stage": "Baking", "analysis": ANALYSIS}}, "Rollout in progress"),
        ({"rollout": {"phase": "Succeeded", "analysis": ANALYSIS}}, "Analysis of the last rollout"),
        ({"failure": {"reason": "worse", "compared": ANALYSIS["metrics"]}}, "Failure"),
    ],
)
def test_a_judged_rollout_is_shown_with_both_rates_interval_requests_and_verdict(
    client: FlaskClient, objects: Objects, an_object: Make, status: dict[str, Any], heading: str
) -> None:
    rollout = {"configName": "c2", "startedAt": "2026-11-26T09:30:00Z", **status.get("rollout", {})}
    objects.put(an_object("iris", phase="Stalled", **{**status, "rollout": rollout}))
    text = seen(client, "/endpoints/ml/iris/", lambda text: heading in text)
    card = text[text.index(heading) :]
    for shown in ("0.31 %", "2.5 %", "10\u202f800 requests", "1\u202f200 requests", "+2.19", "+1.1 to any", ">Worse<"):
        assert shown in card, shown
    assert "3 minutes without data" in card
    assert ("margin 0.5 points" in card) is ("analysis" in rollout)
    assert "<script>alert" not in client.get("/endpoints/ml/iris/").text


def test_a_judged_rollout_that_counted_nothing_says_so(client: FlaskClient, objects: Objects, an_object: Make) -> None:
    analysis = {**ANALYSIS, "verdict": "Hold", "metrics": [], "asked": {"dryRun": True}}
    rollout = {"configName": "c2", "phase": "InProgress", "startedAt": "2026-11-26T09:30:00Z", "analysis": analysis}
    objects.put(an_object("iris", phase="Reconciling", rollout=rollout))
    text = seen(client, "/endpoints/ml/iris/", lambda text: "Rollout in progress" in text)
    assert "No request was counted yet." in text
    assert "Dry run" in text
