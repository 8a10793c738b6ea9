"""What is left out of a value says nothing: whoever makes one names what is so, and never what is not."""

from typing import Any

import pytest

from smendpoints.controller.finding import Finding
from smendpoints.controller.memory import Seen, Told
from smendpoints.controller.result import NEVER, Applied, Awaits, Result
from smendpoints.controller.settings import ControllerSettings
from smendpoints.controller.trouble import Goal, Pursuit, Trouble
from smendpoints.domain.desired.monitoring import DesiredMonitoring
from smendpoints.domain.desired.office_hours import Schedule
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.experiment.outcomes import Minute, Summary
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.observed.samples import Share, error_rate
from smendpoints.domain.plan.meanwhile import NOTHING, Meanwhile
from smendpoints.domain.plan.turns import Turns
from smendpoints.domain.plan.verdict import Plan, Requeue, Verdict
from smendpoints.domain.preflight.launch import Artifact
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import history
from smendpoints.domain.tenancy.traffic import TrafficClaim

VERDICT = Verdict(Reason.IN_SERVICE, "in service")
FALSE: dict[str, tuple[Any, list[str]]] = {
    "a verdict": (VERDICT, ["ready", "reconciling", "stalled", "unknown"]),
    "a plan": (Plan(VERDICT), ["garbage_collected", "apart"]),
    "changes in place": (Turns(), ["begins", "next", "taken_back", "kept", "made", "wait"]),
    "what is done meanwhile": (Meanwhile(), ["tags", "scaling", "waits", "in_place", "calls"]),
    "what was observed": (Observed(), ["equivalent", "missing", "unowned", "alarms"]),
    "a schedule": (Schedule(running=True), ["outside", "changes_at", "hours", "look_at", "problem"]),
    "monitoring": (DesiredMonitoring(), ["keeps_dashboard", "alarms", "dashboard"]),
    "a refusal": (ReconcileError(Kind.RETRY, Reason.THROTTLED, "slower"), ["operation", "code"]),
    "a share": (Share("m", ("n", "m", "Sum")), ["below"]),
    "a minute": (Minute(), ["requests", "events", "total", "squares"]),
    "a summary": (Summary("u", "m", 1, {}), ["mean"]),
    "what is told of a revision": (history.Told(), ["adopted", "changes", "blocked"]),
    "what was applied": (Applied(), ["changed", "busy", "refused", "made", "refusals"]),
    "a result": (Result(), ["finalized", "status", "events"]),
    "what was seen": (Seen(), ["allowed", "looked", "expects", "needs"]),
    "what was said": (Told(), ["unwritten", "notes", "asked"]),
    "trouble": (Trouble(), ["failures", "blocked"]),
    "what is pursued": (Pursuit(Goal.RUN, 1, ()), ["content"]),
    "settings": (ControllerSettings("c", "r"), ["retains", "tags"]),
}


@pytest.mark.parametrize("name", FALSE)
def test_nothing_is_said_by(name: str) -> None:
    value, fields = FALSE[name]
    assert {field: bool(getattr(value, field)) for field in fields} == dict.fromkeys(fields, False)


def test_what_holds_unless_somebody_says_otherwise(resource: Any) -> None:
    claim = TrafficClaim("u", "n", "x", "e", "1")
    assert (claim.holds, claim.begun) == (True, False)
    assert Artifact("bucket", "key").must_exist
    assert error_rate("m").events == ("AWS/SageMaker", "Invocation5XXErrors", "Sum")
    finding = Finding(resource().status)
    assert (finding.finalized, finding.requeue_after, finding.awaits) == (False, NEVER, Awaits.NOTHING)
    assert (Result().requeue_after, Result().awaits) == (NEVER, Awaits.NOTHING)
    assert Plan(VERDICT).requeue is Requeue.POLL
    assert (Plan(VERDICT).meanwhile, NOTHING.turns) == (NOTHING, Turns())
    assert ControllerSettings("c", "r").poll_seconds == 15.0
