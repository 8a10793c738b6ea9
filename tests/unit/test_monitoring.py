"""What is shipped to watch the operator by: alerts, their runbooks, the dashboard, against the metrics that there are."""

import json
import re
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import smendpoints.metrics  # noqa: F401 - registers them
from smsandbox import dashboard, paths
from smsandbox.chart import CHART

FOLDER = paths.repository() / "manifests" / "monitoring"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "prometheus_rule.yaml").read_text())["spec"]["groups"]
    for rule in group["rules"]
]
RUNBOOKS = (paths.repository() / "docs" / "runbooks.md").read_text()


def series() -> set[str]:
    """Names that the operator serves."""
    kinds = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",), "info": ("_info",)}
    return {
        family.name + end
        for family in REGISTRY.collect()
        if family.name.startswith("smendpoints_")
        for end in kinds.get(family.type, ("",))
    }


def asked_for(query: str) -> set[str]:
    """Names of ours in a query."""
    return set(re.findall(r"\bsmendpoints_[a-z_]+", query))


def test_the_dashboard_is_as_its_code_says() -> None:
    for folder in (FOLDER, CHART / "files" / "monitoring"):
        assert (folder / dashboard.FILE).read_text() == dashboard.build(), "run `make monitoring`"


def test_each_panel_has_a_number_a_place_and_its_queries() -> None:
    panels = [each for each in json.loads(dashboard.build())["panels"] if each["type"] != "row"]
    assert len({each["id"] for each in panels}) == len(panels)
    assert len({(each["gridPos"]["x"], each["gridPos"]["y"]) for each in panels}) == len(panels)
    found = [(each["title"], target["expr"]) for each in panels for target in each["targets"]]
    assert found == dashboard.queries()
    assert all(len({target["refId"] for target in each["targets"]}) == len(each["targets"]) for each in panels)


@pytest.mark.parametrize(("title", "query"), dashboard.queries())
def test_a_panel_asks_for_metrics_that_there_are(title: str, query: str) -> None:
    assert asked_for(query), title
    assert asked_for(query) <= series()


def test_each_metric_of_ours_is_on_the_dashboard_or_in_an_alert() -> None:
    asked = set().union(*(asked_for(query) for _, query in dashboard.queries()), *(asked_for(r["expr"]) for r in RULES))
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in series()}
    unseen = families - {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert unseen == {"smendpoints_event_messages_total"}, "hints are optional"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_asks_for_metrics_that_there_are_and_has_a_runbook(rule: dict[str, Any]) -> None:
    assert asked_for(rule["expr"]) <= series()
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks.md#{rule['alert'].lower()}"
    assert f"\n## {rule['alert']}\n" in RUNBOOKS


def test_there_is_no_runbook_for_an_alert_that_is_no_more() -> None:
    assert re.findall(r"^## (\w+)$", RUNBOOKS, re.MULTILINE) == [rule["alert"] for rule in RULES]


def test_no_label_of_ours_is_one_that_prometheus_sets_of_the_target() -> None:
    labels = {
        label
        for family in REGISTRY.collect()
        if family.name.startswith("smendpoints_")
        for sample in family.samples
        for label in sample.labels
    }
    assert labels.isdisjoint({"namespace", "pod", "container", "job", "instance", "name", "endpoint"})
