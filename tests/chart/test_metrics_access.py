"""Who may read the operator's metrics, as the chart lays it down and a real API server says."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kopf
import pytest

from smendpoints.checkup import Checked, checkup
from smendpoints.config import Config
from smendpoints.kube.client import KubeClient
from smendpoints.process.endpoints import serve
from smendpoints.process.health import Health
from smendpoints.process.scrapers import Scrapers
from smsandbox import ports
from smsandbox.chart import NAMESPACE, template
from smsandbox.controlplane import ControlPlane
from smsandbox.process import wait_until

VALUES = {"metrics": {"authentication": {"enabled": True, "readers": [{"name": "prometheus", "namespace": "default"}]}}}
SECONDS = 240.0
Client = Callable[[str], KubeClient]


@pytest.fixture
def client(plane: ControlPlane, tmp_path: Path) -> Client:
    """A client of the API server by a token; the chart's rights are there."""
    values = tmp_path / "values.json"
    values.write_text(json.dumps(VALUES))
    shown = ("rbac/service_account", "rbac/cluster_role", "rbac/cluster_role_binding", "rbac/metrics")
    rights = template("--values", str(values), *(f"--show-only=templates/{each}.yaml" for each in shown))
    made = [("namespace", NAMESPACE), ("serviceaccount", "prometheus"), ("serviceaccount", "stranger")]
    for kind, name in made:
        plane.kubectl("create", kind, name)
    plane.kubectl("apply", "-f", "-", stdin=rights)
    server = json.loads(plane.kubeconfig_text("none"))["clusters"][0]["cluster"]

    def of(token: str) -> KubeClient:
        login = kopf.ConnectionInfo(server=server["server"], ca_data=server["certificate-authority-data"], token=token)
        return KubeClient(lambda: login, seconds=2, user_agent="test")

    return of


def token(plane: ControlPlane, account: str, namespace: str = "default", *more: str) -> str:
    return plane.kubectl("create", "token", account, "-n", namespace, *more).strip()


def status(port: int, bearer: str | None) -> int:
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            assert b"smendpoints_lease_held" in answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def rights(client: KubeClient) -> Checked:
    config = Config(metrics_authentication="token", leader_election=False)
    return next(each for each in checkup(client, config, "us-east-1") if "who reads the metrics" in each.what)


def test_the_chart_lets_a_reader_read_nobody_else_and_an_outage_of_the_api_server_changes_nothing_for_him(
    plane: ControlPlane, client: Client
) -> None:
    (port,) = ports.free(1)
    operator = client(token(plane, "smendpoints", NAMESPACE))
    reader, stranger = token(plane, "prometheus"), token(plane, "stranger")
    for_others = token(plane, "prometheus", "default", "--audience=vault")
    now: list[float] = [0.0]
    serve(Health(), "127.0.0.1", None, port, scrapers=Scrapers(operator.request, lambda: now[0]))
    answers: dict[str, Any] = {}

    def as_laid_down() -> bool:  # a right counts once the API server's own watch has brought it
        now[0] += 11
        answers.update(reader=status(port, reader), stranger=status(port, stranger))
        return answers == {"reader": 200, "stranger": 403}

    wait_until(as_laid_down, SECONDS, lambda: str(answers))
    assert status(port, None) == status(port, "made-up") == status(port, for_others) == 401
    assert rights(operator).missing is None
    assert "may not create tokenreviews, create subjectaccessreviews" in str(rights(client(stranger)).missing)

    plane.apiserver.kill()
    try:
        now[0] += 300
        assert [status(port, each) for each in (reader, stranger, "made-up")] == [200, 503, 503]
    finally:
        plane.apiserver.start()
    now[0] += 300
    wait_until(as_laid_down, SECONDS, lambda: str(answers))


def test_an_operator_without_the_right_to_ask_says_whose_role_is_missing(plane: ControlPlane, client: Client) -> None:
    (port,) = ports.free(1)
    serve(Health(), "127.0.0.1", None, port, scrapers=Scrapers(client(token(plane, "stranger")).request))
    assert status(port, token(plane, "prometheus")) == 500
