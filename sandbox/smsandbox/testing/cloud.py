"""The whole World under test, with clients made once, and with what every endpoint needs."""

from dataclasses import dataclass, field
from typing import Any

from botocore.config import Config
from kubernetes import client, config

from smsandbox import assets
from smsandbox.aws.moto.images import push
from smsandbox.controlplane import ControlPlane
from smsandbox.testing.archives import archive
from smsandbox.testing.simulator import Simulator
from smsandbox.testing.specs import ARTIFACTS, CRASH_IMAGE, ECHO_IMAGE
from smsandbox.world import LEASE, NAMESPACE, World


@dataclass
class Cloud:
    """A World that runs, with clients made once."""

    world: World
    plane: ControlPlane
    simulator: Simulator = field(init=False)
    api: client.CustomObjectsApi = field(init=False)
    core: client.CoreV1Api = field(init=False)
    leases: client.CoordinationV1Api = field(init=False)
    _aws: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.simulator = Simulator(self.world.aws_url, self.world.token)
        connection = config.new_client_from_config(str(self.world.kubeconfig))
        self.api, self.core = client.CustomObjectsApi(connection), client.CoreV1Api(connection)
        self.leases = client.CoordinationV1Api(connection)

    def aws(self, service: str) -> Any:
        """A boto3 client of the simulator; patient, as the faults that are put in the operator's way strike it, too."""
        if service not in self._aws:
            patient = Config(retries={"mode": "standard", "total_max_attempts": 12})
            self._aws[service] = assets.client(self.world, service, patient)
        return self._aws[service]

    def stock(self) -> None:
        """Role, bucket, artifacts that hold no model, and images."""
        assets.ensure_account(self.world)
        for uri in ARTIFACTS:
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            self.aws("s3").put_object(Bucket=bucket, Key=key, Body=archive({"about.txt": key.encode()}))
        push(self.aws("ecr"), ECHO_IMAGE, "echo")
        push(self.aws("ecr"), CRASH_IMAGE, "crash")

    def bury(self) -> None:
        """Release the lease of an operator that is dead for certain, so that nobody waits for its end."""
        released = {"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}}
        self.leases.patch_namespaced_lease(LEASE, NAMESPACE, released)

    def log(self) -> str:
        """The operator's log so far."""
        return (self.world.folder / "operator.log").read_text(errors="replace")
