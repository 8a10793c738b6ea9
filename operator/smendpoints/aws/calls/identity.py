"""As whom a call is made: the operator itself, or one of its sessions in a role that it assumes.

Sessions hold credentials and nothing else. Each place has one for what is looked at, and one for each namespace for
what is changed, so that CloudTrail says for whom. A session that was dropped costs one AssumeRole when it is needed
again.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.credentials import DeferredRefreshableCredentials

from smendpoints.domain.tenancy.sessions import session_name, session_tags

_MOST_SESSIONS = 1000


@dataclass(frozen=True)
class Place:
    """Where, and as whom, the operator acts: a region, and a role to assume (None: its own identity)."""

    region: str
    role_arn: str | None = None

    @property
    def account(self) -> str:
        """The account's number; empty for the operator's own, whichever that is."""
        return self.role_arn.split(":")[4] if self.role_arn is not None else ""


@dataclass(frozen=True)
class Presented:
    """What sessions say of the operator; `tags` need sts:TagSession in the role's trust policy."""

    cluster_id: str = ""
    external_id: str | None = None
    tags: bool = False

    def request(self, role_arn: str, namespace: str | None) -> dict[str, Any]:
        """AssumeRole's parameters."""
        request: dict[str, Any] = {
            "RoleArn": role_arn,
            "RoleSessionName": session_name(self.cluster_id, namespace),
        }
        if self.external_id is not None:
            request["ExternalId"] = self.external_id
        if self.tags:
            tags = session_tags(self.cluster_id, namespace)
            request["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        return request


class Sessions:
    """The sessions of all places; the ones used last are kept."""

    def __init__(
        self, presented: Presented, assume: Callable[[dict[str, Any]], dict[str, Any]], most: int = _MOST_SESSIONS
    ) -> None:
        self._presented = presented
        self._assume = assume
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str | None], Any] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def credentials(self, role_arn: str | None, namespace: str | None) -> Any:
        """Botocore's credentials of this session, which renew themselves; None for the operator's own.

        A role's sessions are good in every region.
        """
        if role_arn is None:
            return None
        key = (role_arn, namespace)
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                found = self._kept[key] = self._make(role_arn, namespace)
                if len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return found

    def keep(self, role_arns: frozenset[str | None]) -> None:
        """Forget the sessions in all roles but these."""
        with self._lock:
            for key in [key for key in self._kept if key[0] not in role_arns]:
                del self._kept[key]

    def _make(self, role_arn: str, namespace: str | None) -> Any:
        request = self._presented.request(role_arn, namespace)

        def refresh() -> dict[str, Any]:
            made = self._assume(request)["Credentials"]
            return {
                "access_key": made["AccessKeyId"],
                "secret_key": made["SecretAccessKey"],
                "token": made["SessionToken"],
                "expiry_time": made["Expiration"].isoformat(),
            }

        return DeferredRefreshableCredentials(method="assume-role", refresh_using=refresh)
