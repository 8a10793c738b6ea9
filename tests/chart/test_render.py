"""What the chart makes of its values, and that nothing made from it is stale. No cluster."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import smendpoints
from smendpoints.config import Config
from smsandbox import chart as made
from smsandbox import dashboard
from smsandbox.chart import CHART, described, template

Helm = Callable[..., Any]
ROLE = "arn:aws:iam::123456789012:role/smendpoints"
RUNBOOKS = "https://runbooks.example.com/smendpoints"
EVERYTHING: dict[str, Any] = {
    "image": {"repository": "registry.example.com:5000/ml/smendpoints", "tag": "1.2.3", "digest": "sha256:" + 64 * "a"},
    "imagePullSecrets": [{"name": "registry"}],
    "commonLabels": {"owner": "platform"},
    "aws": {
        "region": "eu-west-1",
        "endpointURL": "http://127.0.0.1:5000",
        "executionRoleARN": ROLE,
        "externalID": "shared-secret",
        "sessionTags": True,
        "eventsQueueURL": "https://sqs.eu-west-1.amazonaws.com/123456789012/smendpoints-events",
        "prices": "table",
        "credentials": {"secretName": "aws", "profile": "ml"},
    },
    "clusterID": "prod-1",
    "watchNamespace": "team-a, team-b",
    "deletionPolicy": "retain",
    "resourceTags": ["team=ml", "cost centre=42"],
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": ROLE}},
    "policy": {"require": True},
    "replicas": 3,
    "leaderElection": {"leaseDurationSeconds": 30, "renewDeadlineSeconds": 20, "retryPeriodSeconds": 2.5},
    "reconcile": {"threads": 8, "pollSeconds": 2.5, "watchSeconds": 20, "auditSeconds": 120},
    "log": {"level": "debug", "format": "plain"},
    "healthPort": 8081,
    "metrics": {
        "port": 9091,
        "authentication": {
            "enabled": True,
            "readers": [{"name": "prometheus-k8s", "namespace": "monitoring"}],
            "tokenSecret": {"name": "scraper"},
        },
        "tls": {"secretName": "metrics-tls"},
        "service": {"port": 80},
        "serviceMonitor": {"enabled": True, "interval": "30s", "labels": {"release": "prometheus"}},
        "podMonitor": {"enabled": True},
        "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}, "runbooksURL": RUNBOOKS},
        "dashboard": {
            "enabled": True,
            "namespace": "grafana",
            "labels": {"grafana_dashboard": "yes"},
            "annotations": {"grafana_folder": "ML"},
        },
    },
    "networkPolicy": {"ports": [443], "extraEgress": [{"ports": [{"protocol": "TCP", "port": 5000}]}]},
    "env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "podLabels": {"team": "ml"},
    "nodeSelector": {"kubernetes.io/arch": "arm64"},
}
SETTINGS = {
    "region": "eu-west-1",
    "default_execution_role_arn": ROLE,
    "external_id": "shared-secret",
    "session_tags": True,
    "events_queue_url": "https://sqs.eu-west-1.amazonaws.com/123456789012/smendpoints-events",
    "prices": "table",
    "cluster_id": "prod-1",
    "namespaces": "team-a, team-b",
    "deletion_policy": "Retain",
    "resource_tags": "team=ml,cost centre=42",
    "require_policies": True,
    "lease_duration_seconds": 30,
    "lease_renew_deadline_seconds": 20,
    "lease_retry_seconds": 2.5,
    "threads": 8,
    "poll_seconds": 2.5,
    "watch_seconds": 20,
    "audit_seconds": 120,
    "log_level": "debug",
    "liveness_port": 8081,
    "metrics_port": 9091,
    "metrics_authentication": "token",
    "metrics_certificate_folder": "/var/run/secrets/metrics",
}


WITH_TOKEN_AND_TLS = {
    "port": "metrics",
    "scheme": "https",
    "tlsConfig": {
        "serverName": "smendpoints-metrics.smendpoints-system.svc",
        "ca": {"secret": {"name": "metrics-tls", "key": "ca.crt"}},
    },
    "authorization": {"credentials": {"name": "scraper", "key": "token"}},
}


def rendered(tmp_path: Path, values: dict[str, Any], helm: str = "helm4") -> dict[tuple[str, str], dict[str, Any]]:
    """The objects by kind and name."""
    path = tmp_path / "values.yaml"
    path.write_text(json.dumps(values))
    objects = yaml.safe_load_all(template("--values", str(path), helm=helm))
    return {(each["kind"], each["metadata"]["name"]): each for each in objects if each}


def settings_of(objects: dict[tuple[str, str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Config:
    """The settings of an operator that is started as its container would be."""
    (container,) = objects["Deployment", "smendpoints"]["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["run"]
    for source in container["envFrom"]:
        for name, value in objects["ConfigMap", source["configMapRef"]["name"]]["data"].items():
            monkeypatch.setenv(name, value)
    return Config()


def test_nothing_that_is_made_from_the_chart_is_stale(capsys: pytest.CaptureFixture[str]) -> None:
    assert made.main(["--check"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("name", ["helm3", "helm4"])
def test_the_operator_reads_what_the_values_say(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = settings_of(rendered(tmp_path, EVERYTHING, name), monkeypatch)
    assert config.model_dump(exclude_defaults=True) == SETTINGS


def test_without_values_they_are_the_operators_own_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = settings_of(rendered(tmp_path, {}), monkeypatch)
    assert config.model_dump(exclude_defaults=True) == {
        "log_format": "json",
        "liveness_port": 8080,
        "metrics_port": 9090,
    }
    assert config == Config(log_format="json", liveness_port=8080, metrics_port=9090)


def test_what_the_values_say_is_where_kubernetes_looks_for_it(tmp_path: Path) -> None:
    objects = rendered(tmp_path, EVERYTHING)
    deployment = objects["Deployment", "smendpoints"]
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    assert deployment["spec"]["replicas"] == 3
    assert container["image"] == "registry.example.com:5000/ml/smendpoints@sha256:" + 64 * "a"
    assert {each["name"]: each.get("value") for each in container["env"]} == {
        "AWS_SHARED_CREDENTIALS_FILE": "/var/run/secrets/aws/credentials",
        "AWS_PROFILE": "ml",
        "HTTPS_PROXY": "http://proxy:3128",
    }
    mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounted["aws-credentials"] == "/var/run/secrets/aws"
    assert mounted["metrics-certificate"] == "/var/run/secrets/metrics"
    assert {each["name"] for each in pod["spec"]["volumes"]} == mounted.keys()
    assert pod["spec"]["nodeSelector"] == {"kubernetes.io/arch": "arm64"}
    assert pod["metadata"]["labels"].items() >= {"team": "ml", "owner": "platform"}.items()
    assert {each["name"]: each["containerPort"] for each in container["ports"]} == {"health": 8081, "metrics": 9091}
    assert objects["ServiceAccount", "smendpoints"]["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": ROLE}
    assert objects["ConfigMap", "smendpoints"]["data"]["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5000"
    egress = objects["NetworkPolicy", "smendpoints"]["spec"]["egress"]
    assert {"ports": [{"protocol": "TCP", "port": 443}]} in egress
    assert egress[-1] == {"ports": [{"protocol": "TCP", "port": 5000}]}


def test_what_selects_pods_finds_the_operators_and_those_of_helm_test_it_does_not(tmp_path: Path) -> None:
    objects = rendered(tmp_path, EVERYTHING)
    pods = objects["Deployment", "smendpoints"]["spec"]["template"]["metadata"]["labels"]
    service = objects["Service", "smendpoints-metrics"]
    selectors = [
        objects["Deployment", "smendpoints"]["spec"]["selector"]["matchLabels"],
        objects["PodDisruptionBudget", "smendpoints"]["spec"]["selector"]["matchLabels"],
        objects["NetworkPolicy", "smendpoints"]["spec"]["podSelector"]["matchLabels"],
        objects["PodMonitor", "smendpoints"]["spec"]["selector"]["matchLabels"],
        service["spec"]["selector"],
    ]
    test = objects["Pod", "smendpoints-check"]["metadata"]["labels"]
    for selector in selectors:
        assert selector.items() <= pods.items()
        assert not selector.items() <= test.items()
    monitor = objects["ServiceMonitor", "smendpoints"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["endpoints"] == [{**WITH_TOKEN_AND_TLS, "interval": "30s"}]
    assert objects["PodMonitor", "smendpoints"]["spec"]["podMetricsEndpoints"] == [WITH_TOKEN_AND_TLS]


@pytest.mark.parametrize("name", ["helm3", "helm4"])
def test_a_service_monitor_without_a_secret_sends_prometheus_own_token(name: str, tmp_path: Path) -> None:
    values = {"metrics": {"authentication": {"enabled": True}, "serviceMonitor": {"enabled": True}}}
    objects = rendered(tmp_path, values, name)
    assert objects["ServiceMonitor", "smendpoints"]["spec"]["endpoints"] == [
        {"port": "metrics", "bearerTokenFile": "/var/run/secrets/kubernetes.io/serviceaccount/token"}
    ]
    assert ("ClusterRoleBinding", "smendpoints-metrics-reader") not in objects


@pytest.mark.parametrize("name", ["helm3", "helm4"])
def test_the_alerts_are_those_of_the_manifests_with_the_runbooks_where_the_values_say(
    name: str, tmp_path: Path
) -> None:
    rule = rendered(tmp_path, EVERYTHING, name)["PrometheusRule", "smendpoints"]
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    plain = (made.MANIFESTS / "monitoring" / "prometheus_rule.yaml").read_text()
    assert "{{ $value }}" in plain, "what Prometheus fills in is not Helm's"
    assert rule["spec"] == yaml.safe_load(plain.replace("docs/runbooks.md#", f"{RUNBOOKS}#"))["spec"]
    urls = [each["annotations"]["runbook_url"] for group in rule["spec"]["groups"] for each in group["rules"]]
    assert len(urls) > 5
    assert all(url.startswith(f"{RUNBOOKS}#smendpoints") for url in urls)


@pytest.mark.parametrize("name", ["helm3", "helm4"])
def test_the_dashboard_is_where_grafanas_sidecar_looks_for_it(name: str, tmp_path: Path) -> None:
    found = rendered(tmp_path, EVERYTHING, name)["ConfigMap", "smendpoints-dashboard"]
    assert found["metadata"]["namespace"] == "grafana"
    assert found["metadata"]["labels"]["grafana_dashboard"] == "yes"
    assert found["metadata"]["annotations"] == {"grafana_folder": "ML"}
    assert found["data"].keys() == {"smendpoints.json"}
    assert found["data"]["smendpoints.json"] == dashboard.build()
    usual = rendered(tmp_path, {"metrics": {"dashboard": {"enabled": True}}}, name)[
        "ConfigMap", "smendpoints-dashboard"
    ]
    assert (usual["metadata"]["namespace"], usual["metadata"]["labels"]["grafana_dashboard"]) == (made.NAMESPACE, "1")


def test_alerts_and_dashboard_are_there_when_they_are_asked_for_alone(tmp_path: Path) -> None:
    objects = rendered(tmp_path, {})
    assert ("PrometheusRule", "smendpoints") not in objects
    assert ("ConfigMap", "smendpoints-dashboard") not in objects


def test_a_release_of_another_name_has_names_of_its_own_and_they_agree(tmp_path: Path) -> None:
    objects = rendered(tmp_path, {"fullnameOverride": "team-a-operator", "policy": {"admission": False}})
    names = {name for kind, name in objects if kind != "CustomResourceDefinition"}
    assert all(name.startswith("team-a-operator") for name in names)
    assert objects["ConfigMap", "team-a-operator"]["data"]["SMENDPOINTS_LEASE_NAME"] == "team-a-operator"
    assert ("Lease", "team-a-operator") in objects
    role = objects["Role", "team-a-operator-lease"]
    assert [each.get("resourceNames") for each in role["rules"]] == [["team-a-operator"], None]
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for (found, _), each in objects.items():
            if found == kind:
                assert (each["roleRef"]["kind"], each["roleRef"]["name"]) in objects
                assert each["subjects"][0]["name"] == "team-a-operator"
    pod = objects["Deployment", "team-a-operator"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "team-a-operator"


def test_a_change_of_the_settings_restarts_the_pods(tmp_path: Path) -> None:
    def checksum(values: dict[str, Any]) -> str:
        pod = rendered(tmp_path, values)["Deployment", "smendpoints"]["spec"]["template"]
        return str(pod["metadata"]["annotations"]["checksum/config"])

    assert checksum({}) == checksum({"replicas": 3}) != checksum({"aws": {"region": "eu-west-1"}})


def rules(role: dict[str, Any]) -> set[tuple[str, str]]:
    return {(what, verb) for rule in role["rules"] for what in rule["resources"] for verb in rule["verbs"]}


def test_with_the_scope_of_namespaces_the_rights_on_objects_are_in_those_alone(tmp_path: Path) -> None:
    everywhere = rendered(tmp_path, {})
    values = {"installScope": "namespace", "watchNamespace": "team-a, team-b"}
    path = tmp_path / "values.yaml"
    path.write_text(json.dumps(values))
    objects = [each for each in yaml.safe_load_all(template("--values", str(path))) if each]
    roles = {each["metadata"].get("namespace"): each for each in objects if each["kind"] == "Role"}
    bound = {each["metadata"]["namespace"] for each in objects if each["kind"] == "RoleBinding"}
    assert roles.keys() == bound == {"team-a", "team-b", "smendpoints-system"}
    (of_cluster,) = (
        each for each in objects if each["kind"] == "ClusterRole" and each["metadata"]["name"] == "smendpoints"
    )
    assert {what for what, _ in rules(of_cluster)} == {"sagemakerendpointpolicies", "namespaces"}
    whole = rules(everywhere["ClusterRole", "smendpoints"])
    assert rules(roles["team-a"]) | rules(of_cluster) == rules(roles["team-b"]) | rules(of_cluster) == whole


def test_with_the_scope_of_namespaces_and_none_named_it_is_the_releases_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = rendered(tmp_path, {"installScope": "namespace"})
    assert settings_of(objects, monkeypatch).namespace_list() == ("smendpoints-system",)
    assert objects["Role", "smendpoints"]["metadata"]["namespace"] == "smendpoints-system"
    assert objects["Role", "smendpoints-lease"]["metadata"]["namespace"] == "smendpoints-system"


REFUSED = {
    "a misspelt value": ({"replcas": 3}, "additional properties 'replcas' not allowed"),
    "a misspelt value below another": ({"aws": {"regoin": "x"}}, "at '/aws'.*'regoin' not allowed"),
    "the name that ACK has": ({"aws": {"endpoint_url": "x"}}, "'endpoint_url' not allowed"),
    "a region that is none": ({"aws": {"region": "Ireland"}}, "at '/aws/region'"),
    "a policy that there is not": ({"deletionPolicy": "orphan"}, "at '/deletionPolicy'.*'delete', 'retain'"),
    "a tag without a value": ({"resourceTags": ["team"]}, "at '/resourceTags/0'"),
    "a number as text": ({"replicas": "two"}, "at '/replicas'.*want integer"),
    "two that would both write": (
        {"leaderElection": {"enabled": False}},
        "more than 1 replica needs leaderElection.enabled",
    ),
    "a monitor that has no token to send": (
        {"metrics": {"authentication": {"enabled": True}, "podMonitor": {"enabled": True}}},
        "set metrics.authentication.tokenSecret.name, or use metrics.serviceMonitor",
    ),
    "probes that would need TLS": (
        {"healthPort": 9090, "metrics": {"tls": {"secretName": "tls"}}},
        "metrics.port and healthPort must be different",
    ),
    "annotations of an account that is another's": (
        {"serviceAccount": {"create": False, "annotations": {"a": "b"}}},
        "serviceAccount.annotations only apply to a service account that the chart creates",
    ),
}


@pytest.mark.parametrize(("values", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_is_refused_with_a_sentence(helm: Helm, chart: str, tmp_path: Path, values: dict[str, Any], words: str) -> None:
    path = tmp_path / "values.yaml"
    path.write_text(json.dumps(values))
    done = helm("template", "smendpoints", chart, "--values", str(path), check=False)
    assert done.returncode != 0
    assert re.search(words, done.stderr), done.stderr


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    if "properties" not in schema:
        yield path
    for name, inner in schema.get("properties", {}).items():
        yield from leaves(inner, f"{path}.{name}".strip("."))


def test_the_schema_has_each_value_and_no_other_and_each_is_described() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    source = (CHART / "values.yaml").read_text()
    told = dict(described(source))
    known = {each for each in leaves(schema) if each != "global" and not each.startswith("resources.")} | {"resources"}
    assert told.keys() == known
    assert all(each.endswith(".") for each in told.values())


def test_the_chart_passes_its_linter(helm: Helm, chart: str) -> None:
    assert "0 chart(s) failed" in helm("lint", chart, "--strict").stdout


def test_what_artifact_hub_is_told_is_so() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == smendpoints.__version__
    told = {each["kind"]: each for each in yaml.safe_load(chart["annotations"]["artifacthub.io/crds"])}
    crds = [yaml.safe_load(path.read_text()) for path in sorted((CHART / "files" / "crds").glob("*.yaml"))]
    assert told.keys() == {each["spec"]["names"]["kind"] for each in crds}
    for crd in crds:
        mine = told[crd["spec"]["names"]["kind"]]
        assert mine["name"] == crd["metadata"]["name"]
        assert mine["version"] in {each["name"] for each in crd["spec"]["versions"]}
    for example in yaml.safe_load(chart["annotations"]["artifacthub.io/crdsExamples"]):
        assert example["kind"] in told


def test_a_release_of_all_this_fits_into_its_secret(tmp_path: Path) -> None:
    """The API server takes a Secret of one MiB; Helm keeps chart and manifests there, gzipped and in base64, twice."""
    import base64
    import gzip

    files = [path.read_bytes() for path in CHART.rglob("*") if path.is_file()]
    held = base64.b64encode(base64.b64encode(gzip.compress(b"".join(files) + template().encode())))
    assert len(held) < 700_000


GITOPS = CHART.parents[1] / "manifests"


def documents(path: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


def test_the_samples_for_argo_cd_install_the_chart_before_any_endpoint(helm: Helm, chart: str, tmp_path: Path) -> None:
    operator, endpoints = documents(GITOPS / "argocd" / "application.yaml")
    waves = [int(each["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]) for each in (operator, endpoints)]
    assert waves[0] < waves[1]
    assert operator["spec"]["source"]["path"] == str(CHART.relative_to(CHART.parents[1]))
    assert "ServerSideApply=true" in operator["spec"]["syncPolicy"]["syncOptions"], (
        "the CRD is too large for the client"
    )
    (tmp_path / "values.yaml").write_text(json.dumps(operator["spec"]["source"]["helm"]["valuesObject"]))
    assert "kind: Deployment" in helm("template", "smendpoints", chart, "-f", str(tmp_path / "values.yaml")).stdout


def test_the_samples_for_flux_install_the_chart_and_wait_for_endpoints(helm: Helm, chart: str, tmp_path: Path) -> None:
    release = next(each for each in documents(GITOPS / "flux" / "operator.yaml") if each["kind"] == "HelmRelease")
    assert release["spec"]["chart"]["spec"]["chart"] == str(CHART.relative_to(CHART.parents[1]))
    (tmp_path / "values.yaml").write_text(json.dumps(release["spec"]["values"]))
    assert "kind: Deployment" in helm("template", "smendpoints", chart, "-f", str(tmp_path / "values.yaml")).stdout
    endpoints = next(each for each in documents(GITOPS / "flux" / "endpoints.yaml") if each["kind"] == "Kustomization")
    assert endpoints["spec"]["wait"] is True
    sources = {
        each["metadata"]["name"]
        for path in ("operator", "endpoints")
        for each in documents(GITOPS / "flux" / f"{path}.yaml")
        if each["kind"] == "GitRepository"
    }
    assert {endpoints["spec"]["sourceRef"]["name"], release["spec"]["chart"]["spec"]["sourceRef"]["name"]} == sources
