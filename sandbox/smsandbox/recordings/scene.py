"""What the recorded commands are about: objects in a namespace of their own, traffic, an endpoint of a script."""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from smclient import Endpoint, Experiment
from smclient.kube.cluster import Cluster
from smsandbox import assets
from smsandbox.demo.traffic import Traffic
from smsandbox.testing.simulator import Simulator
from smsandbox.world import World

NAMESPACE = "ml"
FOREST, BOOSTING = (f"s3://{assets.BUCKET}/iris/{name}/model.tar.gz" for name in ("random-forest", "gradient-boosting"))
TRUTH = f"s3://{assets.BUCKET}/clicks/"
CAPTURED = {"destination": f"s3://{assets.BUCKET}/captured/", "samplingPercentage": 100, "capture": "InputAndOutput"}
ROW = json.dumps({"instances": [[5.1, 3.5, 1.4, 0.2]]})
_SECONDS = 600.0


class Scene:
    """A context: everything that it made is gone at its end. `environment` is a user's whose namespace is `ml`."""

    def __init__(self, world: World, work: Path) -> None:
        self.world = world
        self.work = work
        kubeconfig = yaml.safe_load(world.kubeconfig.read_text(encoding="utf-8"))
        for each in kubeconfig["contexts"]:
            each["context"]["namespace"] = NAMESPACE
        path = work / "kubeconfig"
        path.write_text(yaml.safe_dump(kubeconfig), encoding="utf-8")
        path.chmod(0o600)
        self.environment = {**world.client_environment(), "KUBECONFIG": str(path)}
        self.cluster = Cluster.connect(str(path))
        self.simulator = Simulator(world.aws_url, world.token)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self.kubectl("create", "namespace", NAMESPACE, "--dry-run=client", "-o", "yaml", then="apply -f -")
        self.delete()  # what a recording left that was killed
        self._stack.callback(self._clear)
        self.simulator.change(runtime={"startup_floor_seconds": 120.0})  # a slow machine is no failure to be recorded
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _clear(self) -> None:
        self.simulator.release_all()
        self.delete()
        self.cluster.close()

    def delete(self) -> None:
        """Delete all objects of the namespace, and wait until they are gone."""
        for each in self.kubectl("get", "smendpoints", "-o", "name").split():
            resumed = """'{"spec":{"suspend":null}}'"""  # else its deletion waits
            self.kubectl("patch", each, "--type=merge", "-p", resumed)
        self.kubectl("delete", "smexperiments,smendpoints", "--all", "-n", NAMESPACE, "--timeout=300s")

    def kubectl(self, *arguments: str, then: str | None = None) -> str:
        """Run kubectl; `then` is another kubectl that reads what it prints."""
        command = "kubectl " + " ".join(arguments) + (f" | kubectl {then}" if then else "")
        ran = subprocess.run(
            ["bash", "-c", command], env=self.environment, capture_output=True, text=True, check=True, cwd=self.work
        )
        return ran.stdout

    def apply(self, name: str, spec: dict[str, Any], kind: str = "SageMakerEndpoint") -> None:
        """Create or change an object."""
        manifest = {
            "apiVersion": "smendpoints.dev/v1alpha1",
            "kind": kind,
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": spec,
        }
        path = self.work / f"{name}.yaml"
        path.write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")
        self.kubectl("apply", "-f", path.name)

    def endpoint(self, name: str) -> Endpoint:
        """One by its name."""
        return Endpoint(name, NAMESPACE, cluster=self.cluster)

    def experiment(self, name: str) -> Experiment:
        """One by its name."""
        return Experiment(name, NAMESPACE, cluster=self.cluster)

    def until(self, name: str, holds: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until it holds of an endpoint's object; raises as `see`."""
        self.see(lambda: holds(dict(self.endpoint(name).object())))

    def see(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds.

        Raises:
            AssertionError: it does not, within ten minutes.
        """
        end = time.monotonic() + _SECONDS
        while not holds():
            assert time.monotonic() < end, "it does not come to hold"
            time.sleep(0.5)

    def traffic(self, name: str, rate: float) -> None:
        """From now on so many requests a second go to the endpoint of an object."""
        self._stack.enter_context(Traffic(self.world, f"{NAMESPACE}-{name}", ROW, rate))

    def known_outcomes(self, name: str, number: int) -> None:
        """Send so many requests with inference ids to the endpoint of an object; of each third an event is known."""
        runtime, s3 = assets.client(self.world, "sagemaker-runtime"), assets.client(self.world, "s3")
        for visit in range(number):
            runtime.invoke_endpoint(
                EndpointName=f"{NAMESPACE}-{name}",
                ContentType="application/json",
                Body=ROW,
                InferenceId=f"visit-{visit}",
            )
        lines = [f"visit-{visit},{int(visit % 3 == 0)}" for visit in range(number)]
        truth = "\n".join(["inferenceId,value", *lines])
        s3.put_object(Bucket=assets.BUCKET, Key=f"{TRUTH.split('/', 3)[3]}today.csv", Body=truth.encode())

    def made_by_a_script(self, name: str) -> None:
        """An endpoint in AWS that no object has, and that goes with the scene."""
        sagemaker = assets.client(self.world, "sagemaker")
        container = {"Image": assets.IMAGE, "ModelDataUrl": FOREST}
        variant = {
            "VariantName": "main", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1,
            "InitialVariantWeight": 1.0,
        }  # fmt: skip
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=assets.ROLE_ARN, PrimaryContainer=container)
        self._stack.callback(sagemaker.delete_model, ModelName=name)
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        self._stack.callback(sagemaker.delete_endpoint_config, EndpointConfigName=name)
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self._stack.callback(sagemaker.delete_endpoint, EndpointName=name)
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})

    def model(self) -> None:
        """`model.tar.gz` in the folder where commands are typed."""
        body = assets.client(self.world, "s3").get_object(Bucket=assets.BUCKET, Key=FOREST.split("/", 3)[3])["Body"]
        (self.work / "model.tar.gz").write_bytes(body.read())
