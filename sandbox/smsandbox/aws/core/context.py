"""Who calls what, where: one API call before it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Context:
    """The caller and the place of one API call."""

    account: str
    region: str
    operation: str
    principal_arn: str | None = None

    @property
    def partition(self) -> str:
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"


@dataclass(frozen=True)
class Request:
    """An API call before it is made: what the faults, the throttle and the call log look at."""

    service: str
    operation: str
    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION
    principal_arn: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    user_agent: str = ""

    @property
    def context(self) -> Context:
        return Context(self.account, self.region, self.operation, self.principal_arn)
