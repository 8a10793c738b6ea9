"""AWS::SQS::QueuePolicy, which moto's CloudFormation lacks: who else may use a queue, as a resource of a stack.

moto finds it among the subclasses of its base class, so that importing this module is all there is to do.
"""

from __future__ import annotations

import json
from typing import Any

from moto.backends import get_backend
from moto.core.common_models import CloudFormationModel


class QueuePolicy(CloudFormationModel):
    """The policy of one or more queues of a stack. `queues` are their URLs."""

    def __init__(self, name: str, queues: list[str]) -> None:
        self._name = name
        self._queues = queues

    @property
    def physical_resource_id(self) -> str:
        return self._name

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""  # nobody chooses its name

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SQS::QueuePolicy"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> QueuePolicy:
        properties = cloudformation_json["Properties"]
        made = cls(resource_name, list(properties["Queues"]))
        made._set(json.dumps(properties["PolicyDocument"]), account_id, region_name)
        return made

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> QueuePolicy:
        original_resource._set("", account_id, region_name)  # noqa: SLF001 - of this class
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Never called: `delete` is there."""

    def delete(self, account_id: str, region_name: str) -> None:
        self._set("", account_id, region_name)

    def _set(self, policy: str, account_id: str, region_name: str) -> None:
        backend = get_backend("sqs")[account_id][region_name]
        for name in (url.rpartition("/")[2] for url in self._queues):
            if name in backend.queues:  # else the stack has deleted it already
                backend.set_queue_attributes(name, {"Policy": policy})
