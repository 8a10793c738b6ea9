"""What goes wrong on purpose: rules by operation or by resource, added and removed while the simulator runs."""

from __future__ import annotations

import random
import threading
import uuid
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "error",  # answer with code, message and status, and do nothing
    "throttle",  # ThrottlingException: Rate exceeded
    "access_denied",  # AccessDeniedException, in IAM's words
    "lose_response",  # do it, then close the connection instead of answering
    "delay",  # answer later, by delay_seconds
    "hold",  # do it, then keep the answer back until the rule is removed
    "capacity",  # a launch finds no capacity
    "never_healthy",  # a container that is launched never passes /ping
    "model_error",  # an invocation is answered by the model with `status`
    "slow_model",  # an invocation takes the model delay_seconds longer
    "rollback",  # an update is rolled back at its end, as by an alarm
    "delete_fails",  # a deletion ends in Failed
]
CALL_KINDS: frozenset[str] = frozenset({"error", "throttle", "access_denied", "lose_response", "delay", "hold"})


class FaultRule(BaseModel):
    """One rule. `times` is how often it still strikes (None: for ever), `probability` how likely each time.

    The first `skip` calls that match are let through.
    """

    model_config = ConfigDict(extra="forbid")

    id: str = Field(default_factory=lambda: uuid.uuid4().hex[:8])
    kind: Kind
    service: str = "*"
    operation: str = "*"
    resource: str = Field(default="*", description="Endpoint, config, model or variant name, or resource id; a glob")
    times: Annotated[int, Field(ge=1)] | None = None
    skip: Annotated[int, Field(ge=0)] = 0
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    code: str = "InternalFailure"
    message: str = "The request processing has failed because of an unknown error, exception or failure."
    status: Annotated[int, Field(ge=400, le=599)] = 500
    delay_seconds: Annotated[float, Field(ge=0)] = 0.0


class Faults:
    """The rules in force. Thread-safe; the draw of a probability depends on the seed alone."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._rules: dict[str, FaultRule] = {}
        self._random = random.Random(seed)
        self._held: dict[str, int] = {}
        self._added: dict[str, FaultRule] = {}
        self._struck: set[str] = set()
        self._holding = threading.Condition(self._lock)

    def add(self, rule: FaultRule | dict[str, Any]) -> FaultRule:
        made = rule if isinstance(rule, FaultRule) else FaultRule.model_validate(rule)
        with self._lock:
            self._rules[made.id] = made
            self._added.setdefault(made.id, made)
        return made

    def struck(self) -> set[Kind]:
        """The kinds of rules that have struck so far."""
        with self._lock:
            return {rule.kind for rule in self._added.values() if rule.id in self._struck}

    def idle(self) -> list[FaultRule]:
        """The rules, in force or not any more, that have never struck: a test that added one has proved nothing."""
        with self._lock:
            return [rule for rule in self._added.values() if rule.id not in self._struck]

    def remove(self, rule_id: str | None = None) -> int:
        """Take one rule, or all, out of force; how many that were."""
        with self._lock:
            gone = {*self._rules, *self._held} if rule_id is None else {rule_id} & {*self._rules, *self._held}
            for each in gone:
                self._rules.pop(each, None)
                self._held.pop(each, None)
            self._holding.notify_all()
            return len(gone)

    def hold(self, rule: FaultRule) -> None:
        """Keep this call back until the rule is removed."""
        with self._holding:
            self._held[rule.id] = self._held.get(rule.id, 0) + 1
            self._holding.notify_all()
            self._holding.wait_for(lambda: rule.id not in self._held)

    def held(self, rule_id: str, seconds: float = 0.0) -> int:
        """How many calls the rule holds back; waits for the first as long as `seconds`."""
        with self._holding:
            self._holding.wait_for(lambda: rule_id in self._held, timeout=seconds)
            return self._held.get(rule_id, 0)

    def rules(self) -> list[FaultRule]:
        with self._lock:
            return list(self._rules.values())

    @property
    def none_in_force(self) -> bool:
        """Whether no rule could strike, without a wait."""
        return not self._rules

    def take(
        self, kind: Kind, *, service: str = "*", operation: str = "*", resources: tuple[str, ...] = ()
    ) -> FaultRule | None:
        """The rule of this kind that strikes now, used up by one; None when none does."""
        with self._lock:
            for rule in list(self._rules.values()):
                if rule.kind != kind or not self._matches(rule, service, operation, resources):
                    continue
                if rule.skip:
                    self._rules[rule.id] = rule.model_copy(update={"skip": rule.skip - 1})
                    continue
                if rule.probability < 1 and self._random.random() >= rule.probability:
                    continue
                self._struck.add(rule.id)
                if rule.times is not None:
                    left = rule.times - 1
                    if left:
                        self._rules[rule.id] = rule.model_copy(update={"times": left})
                    else:
                        del self._rules[rule.id]
                return rule
        return None

    @staticmethod
    def _matches(rule: FaultRule, service: str, operation: str, resources: tuple[str, ...]) -> bool:
        return (
            (service == "*" or fnmatchcase(service, rule.service))
            and (operation == "*" or fnmatchcase(operation, rule.operation))
            and (rule.resource == "*" or any(fnmatchcase(name, rule.resource) for name in resources))
        )
