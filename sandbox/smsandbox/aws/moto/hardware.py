"""What kind of machine an instance type is, from moto's tables of EC2."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib import resources


def has_local_storage(instance_type: str) -> bool:
    """Whether a machine of SageMaker's type (`ml.g5.xlarge`) has disks of its own; EC2 knows most types."""
    return bool(_types().get(instance_type.removeprefix("ml."), {}).get("InstanceStorageSupported"))


@cache
def _types() -> dict[str, dict[str, object]]:
    packed = (resources.files("moto.ec2") / "resources" / "instance_types.json.gz").read_bytes()
    found: dict[str, dict[str, object]] = json.loads(gzip.decompress(packed))
    return found
