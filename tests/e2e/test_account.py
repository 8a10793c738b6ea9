"""An endpoint's life in a real account, through an operator that works in the cluster of the kubeconfig: `make e2e`."""

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from smsandbox import paths
from smsandbox.testing.e2e import claims
from smsandbox.testing.e2e.life import Target, live
from smsandbox.testing.e2e.settings import HOURS, Asked, NotAskedError, asked
from smsandbox.testing.e2e.sweep import PREFIX, SERVICES, left, sweep

STEP = 3600.0  # a rollout that fails takes AWS most of an hour


@pytest.fixture(scope="session")
def wish() -> Asked:
    """What the user asked for; without it nothing is made."""
    try:
        found = asked(os.environ)
    except NotAskedError as error:
        pytest.exit(str(error), returncode=2)
    account = boto3.client("sts", region_name=found.region).get_caller_identity()["Account"]
    if account != found.account:
        pytest.exit(
            f"the credentials are of account {account}, SMENDPOINTS_E2E_ACCOUNT is {found.account}", returncode=2
        )
    print(f"account {account}, {found.region}: at most ${found.cost}")
    return found


@pytest.fixture
def target(wish: Asked) -> Iterator[Target]:
    """A namespace of this run; afterwards, however it went, the object is deleted, and whatever is left in AWS."""
    once = Config(retries={"total_max_attempts": 1}, read_timeout=30)
    clients: dict[str, Any] = {
        name: boto3.client(name, region_name=wish.region)  # type: ignore[call-overload]
        for name in SERVICES
    }
    clients["sagemaker-runtime"] = boto3.client("sagemaker-runtime", region_name=wish.region, config=once)
    namespace = PREFIX + secrets.token_hex(3)

    def kubectl(*arguments: str, stdin: str | None = None) -> str:
        command = [str(paths.tool("kubectl")), "--namespace", namespace, *arguments]
        done = subprocess.run(command, input=stdin, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return done.stdout

    kubectl("create", "namespace", namespace)
    try:
        yield Target(
            kubectl=kubectl,
            aws=clients.__getitem__,
            namespace=namespace,
            role=wish.role,
            image=wish.image,
            artifact=wish.artifact,
            instance_type=wish.instance_type,
            step_seconds=STEP,
            deadline=time.monotonic() + HOURS * 3600,
            pause=2.0,
        )
    finally:
        try:
            kubectl("delete", "smendpoints", "--all", "--timeout=20m")
        finally:
            sweep(clients.__getitem__, namespace)
        kubectl("delete", "namespace", namespace, "--timeout=5m")
        assert left(clients.__getitem__, namespace) == {}


@pytest.mark.timeout(4 * 3600)
def test_an_endpoint_lives_and_what_differs_from_the_simulator_is_told(target: Target) -> None:
    """Fails where the operator does; a claim that AWS answers else is written down, for an issue."""
    seen = live(target)
    report = claims.table(seen.answers, seen.seconds)
    file = Path(paths.repository(), "build", "e2e.md")
    file.parent.mkdir(exist_ok=True)
    file.write_text(report, encoding="utf-8")
    print(f"{report}\n(written to {file})")
