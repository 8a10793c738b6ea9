"""The operator's configuration: environment variables, checked when they are read."""

import os
from typing import Any

import pytest
from pydantic import ValidationError

from smendpoints.config import Config

ROLE = "arn:aws:iam::123456789012:role/sagemaker-execution"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith("SMENDPOINTS_")]:
        monkeypatch.delenv(name)


def test_without_any_variable_it_is_complete() -> None:
    config = Config()
    assert (config.namespace_list(), config.cluster_id, config.default_execution_role_arn) == ((), None, None)
    assert 0 < config.poll_seconds < config.watch_seconds < config.audit_seconds


def test_a_variable_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMENDPOINTS_POLL_SECONDS", "3")
    monkeypatch.setenv("SMENDPOINTS_DEFAULT_EXECUTION_ROLE_ARN", ROLE)
    config = Config()
    assert (config.poll_seconds, config.default_execution_role_arn) == (3.0, ROLE)


NAMESPACES = {"": (), "ml": ("ml",), "ml, web ,": ("ml", "web"), " , ": ()}


@pytest.mark.parametrize(("said", "meant"), NAMESPACES.items())
def test_namespaces_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch, said: str, meant: tuple[str, ...]) -> None:
    monkeypatch.setenv("SMENDPOINTS_NAMESPACES", said)
    assert Config().namespace_list() == meant


@pytest.mark.parametrize(
    "name", ["CLUSTER_ID", "POLL_SECONDS", "DEFAULT_EXECUTION_ROLE_ARN", "LIVENESS_PORT", "EVENTS_QUEUE_URL"]
)
def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"SMENDPOINTS_{name}", "")
    assert Config() == Config(_env_prefix="NOWHERE_")


REFUSED = {
    "a queue that is no URL": ("EVENTS_QUEUE_URL", "smendpoints-events"),
    "a time of zero": ("POLL_SECONDS", "0"),
    "a time that is no number": ("WATCH_SECONDS", "soon"),
    "no thread": ("THREADS", "0"),
    "a port beyond the last": ("METRICS_PORT", "65536"),
    "a certificate for a port that is the health's, too": ("METRICS_CERTIFICATE_FOLDER", "/etc/tls"),
    "a way to know readers that there is not": ("METRICS_AUTHENTICATION", "basic"),
    "a level that there is not": ("LOG_LEVEL", "loud"),
    "a form that there is not": ("LOG_FORMAT", "xml"),
    "a cluster that no tag can hold": ("CLUSTER_ID", "a cluster?"),
    "a lease that its holder keeps for too long": ("LEASE_RENEW_DEADLINE_SECONDS", "10"),
    "a lease that is hardly ever renewed": ("LEASE_RETRY_SECONDS", "4"),
    "a lease of no time": ("LEASE_DURATION_SECONDS", "0"),
    "a lease of part of a second": ("LEASE_DURATION_SECONDS", "2.5"),
    "a lease that cannot be named so": ("LEASE_NAME", "The Lease"),
    "a tag without a value": ("RESOURCE_TAGS", "team"),
    "a tag that AWS does not take": ("RESOURCE_TAGS", "team=a;b"),
    "a tag of AWS's": ("RESOURCE_TAGS", "team=a,AWS:team=a"),
    "a tag that tells whose it is": ("RESOURCE_TAGS", "smendpoints.dev/cluster=other"),
    "a tag twice": ("RESOURCE_TAGS", "team=a,Team=b"),
    "a deletion that there is not": ("DELETION_POLICY", "orphan"),
    "a role that is none": ("DEFAULT_EXECUTION_ROLE_ARN", "sagemaker-execution"),
}


@pytest.mark.parametrize(("name", "value"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_to_have(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"SMENDPOINTS_{name}", value)
    with pytest.raises(ValidationError) as refused:
        Config()
    assert [each["loc"] for each in refused.value.errors()] == [(name.lower(),)]


TAGS = {
    "": {},
    "team=ml": {"team": "ml"},
    "team=ml, cost centre=42 = 7,empty=": {"team": "ml", "cost centre": "42 = 7", "empty": ""},
    "Größe=ja": {"Größe": "ja"},
}


@pytest.mark.parametrize(("said", "meant"), TAGS.items())
def test_tags_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch, said: str, meant: dict[str, str]) -> None:
    monkeypatch.setenv("SMENDPOINTS_RESOURCE_TAGS", said)
    assert Config().tags() == meant


def test_it_does_not_change_while_the_operator_runs() -> None:
    config: Any = Config()
    with pytest.raises(ValidationError, match="frozen"):
        config.threads = 1


def test_each_setting_says_what_it_is() -> None:
    assert all(field.description and field.description.endswith(".") for field in Config.model_fields.values())
