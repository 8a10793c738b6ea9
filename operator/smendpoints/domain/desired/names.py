"""Names in AWS. Names are content: what a thing is decides what it is called.

Two equal contents have one name, so that creating is idempotent and a process killed between any two calls leaves
nothing doubled.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST = 63
HASH_LENGTH = 10


def content_hash(content: Mapping[str, Any] | Sequence[Any] | str) -> str:
    """Ten hex digits of the SHA-256 of the content's canonical JSON."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:HASH_LENGTH]


def fit(name: str, longest: int = LONGEST) -> str:
    """The name, or its beginning with a hash of the whole when it is longer than `longest`."""
    if len(name) <= longest:
        return name
    return f"{name[: longest - HASH_LENGTH - 1].rstrip('-')}-{content_hash(name)}"


def endpoint_name(namespace: str, name: str) -> str:
    """The default name of an endpoint. Dots of a Kubernetes name become hyphens."""
    return fit(re.sub(r"-{2,}", "-", f"{namespace}-{name}".replace(".", "-")))


def model_prefix(endpoint: str) -> str:
    """What the names of all models of an endpoint begin with."""
    return fit(endpoint, LONGEST - HASH_LENGTH - 1 - 14)


def model_name(endpoint: str, variant: str, content: Mapping[str, Any]) -> str:
    """`<endpoint>-<variant>-<hash of what defines it>`."""
    prefix = f"{model_prefix(endpoint)}-{variant}"
    return f"{fit(prefix, LONGEST - HASH_LENGTH - 1)}-{content_hash(content)}"


def config_prefix(endpoint: str) -> str:
    """What the names of all configs of an endpoint begin with."""
    return fit(endpoint, LONGEST - HASH_LENGTH - 1)


def config_name(endpoint: str, content: Mapping[str, Any]) -> str:
    """`<endpoint>-<hash>`."""
    return f"{config_prefix(endpoint)}-{content_hash(content)}"


def made_here(endpoint: str, config: str) -> bool:
    """Whether a config's name is such as `config_name` makes."""
    return re.fullmatch(rf"{re.escape(config_prefix(endpoint))}-[0-9a-f]{{{HASH_LENGTH}}}", config) is not None


def model_made_here(endpoint: str, model: str) -> bool:
    """Whether a model's name is such as `model_name` makes."""
    return re.fullmatch(rf"{re.escape(model_prefix(endpoint))}-.+-[0-9a-f]{{{HASH_LENGTH}}}", model) is not None


def alarm_prefix(endpoint: str) -> str:
    """What the names of all alarms of an endpoint begin with."""
    return f"smendpoints/{endpoint}/"


SAGEMAKER_METRICS, INSTANCE_METRICS = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
"""The namespaces in CloudWatch of requests and answers, and of what instances use."""
MONITORING = "smendpoints/monitoring."
"""What the names of all alarms of `spec.monitoring` begin with: no endpoint has a dot in its name."""


def monitoring_prefix(endpoint: str) -> str:
    """What the names of an endpoint's alarms of `spec.monitoring` begin with."""
    return f"{MONITORING}{endpoint}/"


def monitored_endpoint(alarm: str) -> str | None:
    """The endpoint that `monitoring_prefix` names in an alarm; None where it is no such alarm."""
    rest = alarm.removeprefix(MONITORING)
    return rest.partition("/")[0] if rest != alarm and "/" in rest else None


def dashboard_prefix(region: str) -> str:
    """What the names of all dashboards of a region's endpoints begin with: dashboards are the whole account's."""
    return f"smendpoints-{region}-"


def dashboard_name(region: str, endpoint: str) -> str:
    """The name of an endpoint's dashboard."""
    return f"{dashboard_prefix(region)}{endpoint}"


def endpoint_of_alarm(alarm: str) -> str | None:
    """The endpoint that `alarm_prefix` names in an alarm; None where it is no such alarm."""
    match = re.fullmatch(r"smendpoints/([A-Za-z0-9](?:-*[A-Za-z0-9]){0,62})/.+", alarm, flags=re.DOTALL)
    return None if match is None else match[1]


def config_of_alarm(endpoint: str, alarm: str) -> str | None:
    """The config whose rollout an alarm of the endpoint watches; None where it is for something else."""
    first = alarm.removeprefix(alarm_prefix(endpoint)).partition("/")[0]
    return first if made_here(endpoint, first) else None


def resource_id(endpoint: str, variant: str) -> str:
    """The variant's name in Application Auto Scaling."""
    return f"endpoint/{endpoint}/variant/{variant}"


def variant_of(resource_id: str) -> str:
    """The variant that `resource_id` named."""
    return resource_id.rpartition("/")[2]
