"""The alerts by promtool, and each panel of the dashboard by a Prometheus that scrapes the real operator."""

import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from smsandbox import dashboard, paths
from smsandbox.process import wait_until
from smsandbox.testing import prometheus
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.stage import Stage

ALERTS = Path(__file__).parents[1] / "monitoring" / "alerts.yaml"
RULE = paths.repository() / "manifests" / "monitoring" / "prometheus_rule.yaml"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rules as Prometheus reads them."""
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(RULE.read_text())["spec"]))
    return path


def promtool(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [prometheus.program("promtool"), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_when_it_should_and_only_then(rules: Path) -> None:
    shutil.copy(ALERTS, rules.parent)
    promtool(rules.parent, "check", "rules", rules.name)
    promtool(rules.parent, "test", "rules", ALERTS.name)
    tested = {
        each["alertname"]
        for test in yaml.safe_load(ALERTS.read_text())["tests"]
        for each in test["alert_rule_test"]
        if each["exp_alerts"]
    }
    assert tested == {rule["alert"] for group in yaml.safe_load(rules.read_text())["groups"] for rule in group["rules"]}


def policy(namespace: str) -> dict[str, Any]:
    """What the endpoints of a namespace may cost."""
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    return {
        "apiVersion": "smendpoints.dev/v1alpha1",
        "kind": "SageMakerEndpointPolicy",
        "metadata": {"name": "watched"},
        "spec": {"namespaceSelector": selector, "maxHourlyUSD": 50},
    }


def test_each_query_of_the_dashboard_answers_with_data_of_a_life_with_faults(
    stage: Stage, rules: Path, tmp_path: Path
) -> None:
    stage.cloud.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(policy(stage.namespace)))
    target = urlsplit(stage.cloud.world.metrics_url).netloc
    try:
        with prometheus.scraping(target, tmp_path, rules) as seen:
            # What is counted is there before it happens, or its first time would not count as a change.
            wait_until(lambda: seen.ask("smendpoints_lease_held == 1") or None, 60, lambda: "nothing is scraped")
            stage.cloud.simulator.fault("throttle", operation="CreateEndpointConfig", times=2)
            stage.apply("iris", spec())
            stage.ready("iris")
            stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
            stage.ready("iris")
            stage.cloud.aws("sagemaker").delete_endpoint(EndpointName=stage.endpoint_name("iris"))
            stage.see(lambda: ("Warning", "DriftFound") in {each[:2] for each in stage.events("iris")}, "the drift")
            stage.ready("iris")

            def without_data() -> list[str]:
                asked = ((title, query.replace("$__rate_interval", "1m")) for title, query in dashboard.queries())
                return [title for title, query in asked if not seen.ask(query)]

            wait_until(lambda: not without_data() or None, 60, lambda: f"no data: {without_data()}")
            limits = seen.ask(f'smendpoints_hourly_cost_limit_usd{{object_namespace="{stage.namespace}"}}')
            assert [each["value"][1] for each in limits] == ["50"]
            happened = ('drift_total{result="corrected"}', 'rollouts_total{outcome="Deployed"}')

            def not_seen() -> list[str]:
                return [each for each in happened if not seen.ask(f"increase(smendpoints_{each}[10m]) > 0")]

            wait_until(lambda: not not_seen() or None, 60, lambda: f"never: {not_seen()}")
            assert seen.ask("ALERTS{severity='critical'}") == []
    finally:
        stage.cloud.plane.kubectl("delete", "sagemakerendpointpolicies", "watched", "--ignore-not-found")
