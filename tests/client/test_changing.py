"""The verbs that change an object, and those that compare it."""

from collections.abc import Callable
from typing import Any

import pytest

from smclient.aws.session import Aws
from smclient.errors import ClientError
from smclient.specs.compare import as_shown
from smclient.views.gitops import kept_by
from smclient.views.history import RevisionView
from smclient.views.revisions import before, named
from smendpoints.api.group import ABORT_REVISION, REDEPLOYED_AT, RETRY, ROLLBACK_TO
from smsandbox.testing.json_server import JsonServer

Endpoint = Callable[..., dict[str, Any]]
HERE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerendpoints"
SPEC: dict[str, Any] = {"f:spec": {"f:variants": {}}}


@pytest.mark.parametrize(
    ("metadata", "tool"),
    [
        ({}, None),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}, "Argo CD"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}}, "Flux"),
        ({"managedFields": [{"manager": "argocd-controller", "fieldsV1": SPEC}]}, "Argo CD"),
        ({"managedFields": [{"manager": "kustomize-controller", "fieldsV1": SPEC}]}, "Flux"),
        ({"managedFields": [{"manager": "argocd-controller", "fieldsV1": {"f:metadata": {}}}]}, None),
        ({"managedFields": [{"manager": "kubectl-client-side-apply", "fieldsV1": SPEC}]}, None),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, None),
    ],
)
def test_who_keeps_the_spec_is_read_from_its_marks(metadata: dict[str, Any], tool: str | None) -> None:
    assert kept_by({"metadata": metadata}) == tool


def revisions(*outcomes: tuple[str, str]) -> list[RevisionView]:
    """Newest first."""
    return [
        RevisionView(len(outcomes) - index, config, outcome, live=False)
        for index, (config, outcome) in enumerate(outcomes)
    ]


@pytest.mark.parametrize(
    ("history", "config"),
    [
        (revisions(("b", "Deployed"), ("a", "Deployed")), "a"),
        (revisions(("c", "Failed"), ("b", "Deployed"), ("a", "Deployed")), "b"),
        (revisions(("a", "Deployed"), ("b", "Failed"), ("a", "Deployed"), ("z", "Deployed")), "z"),
        (revisions(("c", "InProgress"), ("b", "Deployed")), "b"),
    ],
)
def test_undo_goes_back_to_what_was_in_service_before(history: list[RevisionView], config: str) -> None:
    assert before(history).config == config


def test_there_may_be_nothing_to_go_back_to() -> None:
    with pytest.raises(ClientError, match="no earlier revision"):
        before(revisions(("a", "Deployed")))
    with pytest.raises(ClientError, match="there is no revision 7; there are: 2, 1"):
        named(revisions(("b", "Deployed"), ("a", "Deployed")), 7)


VERBS = [
    ("suspend", {}, {"suspend": True}),
    ("resume", {"suspend": True}, {"suspend": None}),
    ("stop", {}, {"desiredState": "Stopped"}),
    ("start", {"desiredState": "Stopped"}, {"desiredState": None}),
]


@pytest.mark.parametrize(("verb", "spec", "change"), VERBS)
def test_a_verb_merges_its_change_into_the_version_that_was_read(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any, verb: str, spec: dict[str, Any], change: dict[str, Any]
) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint(spec=spec)
    server.answers["PATCH", f"{HERE}/iris"] = endpoint()
    ran = smendpoint(verb, "iris")
    assert (ran.code, ran.out.split()[0]) == (0, "sagemakerendpoint.smendpoints.dev/iris")
    assert server.asked[-1].body == {"spec": change, "metadata": {"resourceVersion": "7"}}


@pytest.mark.parametrize(("verb", "spec", "change"), VERBS)
def test_what_is_so_already_is_not_written(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any, verb: str, spec: dict[str, Any], change: dict[str, Any]
) -> None:
    there = {**spec, **{key: value for key, value in change.items() if value is not None}}
    so = {key: value for key, value in there.items() if change.get(key, "other") is not None}
    server.answers["GET", f"{HERE}/iris"] = endpoint(spec=so)
    assert smendpoint(verb, "iris").out == "sagemakerendpoint.smendpoints.dev/iris unchanged\n"
    assert [request.method for request in server.asked] == ["GET"]


def test_where_git_keeps_the_spec_the_patch_is_printed_instead(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any
) -> None:
    found = endpoint()
    found["metadata"]["labels"] = {"kustomize.toolkit.fluxcd.io/name": "apps"}
    server.answers["GET", f"{HERE}/iris"] = found
    ran = smendpoint("stop", "iris")
    assert (ran.code, ran.out) == (1, "spec:\n  desiredState: Stopped\n")
    assert ran.err.startswith("error: Flux manages the spec of iris, so nothing was written\n")
    assert [request.method for request in server.asked] == ["GET"]
    server.answers["PATCH", f"{HERE}/iris"] = found
    assert smendpoint("stop", "iris", "--write").code == 0
    assert server.asked[-1].method == "PATCH"


def test_a_change_meanwhile_is_told(server: JsonServer, endpoint: Endpoint, smendpoint: Any) -> None:
    read = iter([endpoint(), edited := endpoint()])
    edited["metadata"]["generation"] += 1
    server.answers["GET", f"{HERE}/iris"] = lambda _: next(read)
    server.answers["PATCH", f"{HERE}/iris"] = (409, {"message": "the object has been modified"})
    ran = smendpoint("suspend", "iris")
    assert ran.code == 1
    assert "the object has been modified" in ran.err
    assert "Look at the object and try again" in ran.err
    assert [request.method for request in server.asked] == ["GET", "PATCH", "GET"]


def test_what_the_operator_writes_to_the_status_meanwhile_hinders_nobody(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any
) -> None:
    read = iter([endpoint(), reported := endpoint()])
    reported["metadata"]["resourceVersion"] = "8"
    server.answers["GET", f"{HERE}/iris"] = lambda _: next(read)
    answers = iter([(409, {"message": "the object has been modified"}), endpoint()])
    server.answers["PATCH", f"{HERE}/iris"] = lambda _: next(answers)
    assert smendpoint("suspend", "iris").code == 0
    assert [request.body["metadata"]["resourceVersion"] for request in server.asked if request.body] == ["7", "8"]


def test_a_conflict_without_end_is_told_in_the_end(server: JsonServer, endpoint: Endpoint, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint()
    server.answers["PATCH", f"{HERE}/iris"] = (409, {"message": "the object has been modified"})
    assert smendpoint("suspend", "iris").code == 1


@pytest.mark.parametrize(("verb", "annotation"), [("retry", RETRY), ("redeploy", REDEPLOYED_AT)])
def test_what_is_asked_of_the_operator_is_a_new_value_each_time(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any, verb: str, annotation: str
) -> None:
    stalled = {"type": "Stalled", "status": "True", "reason": "R", "message": "m", "observedGeneration": 2}
    server.answers["GET", f"{HERE}/iris"] = endpoint(conditions=[stalled])
    server.answers["PATCH", f"{HERE}/iris"] = endpoint()
    values = []
    for _ in range(2):
        assert smendpoint(verb, "iris").code == 0
        (value,) = server.asked[-1].body["metadata"]["annotations"].items()
        assert value[0] == annotation
        values.append(value[1])
    assert values[0] < values[1]


def test_there_is_nothing_to_retry_where_nothing_failed(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any
) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint()
    ran = smendpoint("retry", "iris")
    assert (ran.code, "nothing of iris failed" in ran.err) == (1, True)
    assert [request.method for request in server.asked] == ["GET"]


HISTORY = [
    {"revision": 3, "configName": "c", "outcome": "InProgress", "at": "2026-11-26T14:00:00Z"},
    {"revision": 2, "configName": "b", "outcome": "Deployed", "at": "2026-11-26T13:00:00Z"},
]


def test_a_rollout_that_carries_an_alarm_is_aborted_by_its_revision(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any
) -> None:
    rollout = {"phase": "InProgress", "configName": "c", "abortAlarm": "a"}
    server.answers["GET", f"{HERE}/iris"] = endpoint(rollout=rollout, history=HISTORY)
    server.answers["PATCH", f"{HERE}/iris"] = endpoint()
    assert smendpoint("abort", "iris").code == 0
    assert server.asked[-1].body == {"metadata": {"annotations": {ABORT_REVISION: "3"}}}


@pytest.mark.parametrize(
    ("rollout", "said"),
    [
        ({"phase": "InProgress", "configName": "c"}, "cannot be aborted: it was started without rollback.onRequest"),
        ({"phase": "Succeeded", "configName": "c", "abortAlarm": "a"}, "iris has no rollout in progress"),
        (None, "iris has no rollout in progress"),
    ],
)
def test_what_cannot_be_aborted_is_told_and_not_asked_for(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any, rollout: Any, said: str
) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint(rollout=rollout, history=HISTORY)
    ran = smendpoint("abort", "iris")
    assert (ran.code, said in ran.err) == (1, True)
    assert [request.method for request in server.asked] == ["GET"]


def test_a_revision_comes_back_by_an_annotation_for_this_generation_also_where_git_keeps_the_spec(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any
) -> None:
    found = endpoint(history=HISTORY)
    found["metadata"]["labels"] = {"kustomize.toolkit.fluxcd.io/name": "apps"}
    server.answers["GET", f"{HERE}/iris"] = found
    server.answers["PATCH", f"{HERE}/iris"] = found
    assert smendpoint("undo", "iris", "--by-annotation").code == 0
    assert server.asked[-1].body == {"metadata": {"annotations": {ROLLBACK_TO: "2@2"}}}
    assert smendpoint("undo", "iris", "--by-annotation", "--write").code == 2


def test_values_that_a_policy_gives_are_no_difference() -> None:
    resolved = {"executionRoleARN": "r", "tags": {"team": "a", "own": "policy"}}
    found = {"spec": {"variants": [], "tags": {"own": "b"}}, "status": {"resolved": resolved}}
    assert as_shown(found) == {"variants": [], "executionRoleARN": "r", "tags": {"team": "a", "own": "b"}}


def test_a_region_is_asked_for_where_none_is_known(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(ClientError, match="no AWS region is known; set AWS_REGION"):
        Aws().client("sagemaker")
