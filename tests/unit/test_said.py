"""What is planned and told in some sixty situations, word by word: a change of any of it is seen in `said.txt`.

`SMENDPOINTS_RECORD=1 pytest tests/unit/test_said.py` writes the file anew; its difference is to be read like code. Not
here: why it is so, which the other tests of the plan and the status say one by one.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from smendpoints.domain.desired.office_hours import Schedule
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import ObservedVariant, OwnedResources, Step
from smendpoints.domain.plan.plan import plan
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.events import changed_in_place, events
from smendpoints.domain.status.status import report
from smendpoints.domain.status.supplies import UNKNOWN, Supplied
from smsandbox.testing.specs import STEPS

FILE = Path(__file__).with_name("said.txt")
B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}
SCALED = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}}
BY_STEPS = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "stepScaling": [STEPS]}}}
COLD = {"variant": {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 5}}}
CANARY = {"rollout": {"strategy": "Canary", "stepPercent": 10, "rollback": {"maxErrorRatePercent": 1}}}
OTHERS = {
    "smendpoints.dev/cluster": "cluster-1",
    "smendpoints.dev/namespace": "default",
    "smendpoints.dev/name": "other",
}
PING = "The primary container for production variant primary did not pass the ping health check."
CAPACITY = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."
ALARM = "One or more alarms went into ALARM state: smendpoints/default-iris/x"
UPDATING = {"status": "Updating", "pending_config": "WANTED"}
COMING = (ObservedVariant("primary", desired_count=1, steps=(Step("Creating", "Launching 1 instance(s)."),)),)
DENIED = ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "AccessDeniedException: no", "update_endpoint")
THROTTLED = ReconcileError(Kind.RETRY, Reason.THROTTLED, "ThrottlingException: Rate exceeded", "create_model")
INVALID = ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, "ValidationException: no", "update_endpoint")
GONE = ReconcileError(Kind.BLOCKED, Reason.ARTIFACT_NOT_FOUND, "s3://models/a/model.tar.gz is gone")

Sees = dict[str, Any]
SITUATIONS: dict[str, Sees] = {
    "nothing is there": {"exists": False},
    "nothing is there, and the object is suspended": {"wants": {"suspend": True}, "exists": False},
    "nothing is there, and nothing is to be": {"wants": {"desiredState": "Stopped"}, "exists": False},
    "it was deleted by a hand": {"exists": False, "converged": True},
    "it was deleted by a hand, which is only reported": {
        "wants": {"driftPolicy": "Report"},
        "exists": False,
        "converged": True,
    },
    "it is being created": {"shows": {"status": "Creating"}, "remembers": {"phase": "InProgress"}},
    "it could not be created": {
        "shows": {"status": "Failed", "failure_reason": PING},
        "remembers": {"phase": "InProgress"},
    },
    "it could not be created for want of capacity": {
        "shows": {"status": "Failed", "failure_reason": CAPACITY},
        "remembers": {"phase": "InProgress"},
    },
    "it could not be created, and the spec is another": {
        "lives": B,
        "shows": {"status": "Failed", "failure_reason": PING},
    },
    "it could not be created, and AWS tells no config of it": {
        "shows": {"status": "Failed", "failure_reason": PING, "config_name": None},
        "remembers": {"phase": "InProgress"},
    },
    "it could not be created, and nobody knows with what": {
        "shows": {"status": "Failed", "failure_reason": PING, "config_name": None},
    },
    "it could not be created, and is to be tried again": {
        "shows": {"status": "Failed", "failure_reason": PING},
        "remembers": {"phase": "Failed", "message": PING, "attempt": "another"},
    },
    "it is as wanted": {"converged": True},
    "it is as wanted, and scales": {"wants": SCALED, "converged": True},
    "it is as wanted, and has no instance": {"variants": {"primary": {"current_count": 0}}, "converged": True},
    "garbage is left": {"converged": True, "owned_resources": OwnedResources(models={"old": "arn:old"})},
    "another instance could not start": {"converged": True, "supplies": Supplied(known=True, lacks=GONE)},
    "its artifact was overwritten": {"converged": True, "supplies": Supplied(known=True, overwritten="it was")},
    "a new model": {"lives": B},
    "a new model, and all beside it": {
        "wants": {**B, "tags": {"team": "ml"}, "variant": {**B["variant"], "weight": 3, **SCALED["variant"]}},
        "lives": {},
    },
    "a new type of instance": {"wants": {"variant": {"instance": {"type": "ml.c5.xlarge", "count": 2}}}, "lives": {}},
    "a variant more": {"wants": {"challenger": {**B["variant"], "weight": 1}}, "lives": {}},
    "a variant less": {"lives": {"challenger": {**B["variant"], "weight": 1}}},
    "serverless instead of instances": {"wants": COLD, "lives": {}},
    "a new model, written ahead": {
        "lives": B,
        "remembers": {"phase": "Pending", "endpointModifiedAt": "2026-11-22T11:50:00Z"},
    },
    "a new model whose update AWS denies": {
        "lives": B,
        "remembers": {"phase": "Pending", "endpointModifiedAt": "2026-11-22T11:50:00Z"},
        "refused": DENIED,
    },
    "a new model whose update AWS refuses": {
        "lives": B,
        "remembers": {"phase": "Pending", "endpointModifiedAt": "2026-11-22T11:50:00Z"},
        "refused": INVALID,
    },
    "a new model that is blocked": {"lives": B, "remembers": {"phase": "Blocked", "message": "no image"}},
    "a new model that AWS brings in": {
        "lives": B,
        "shows": {**UPDATING, "pending": COMING},
        "remembers": {"phase": "InProgress"},
    },
    "a new model behind a canary": {
        "wants": CANARY,
        "lives": {**B, **CANARY},
        "shows": {
            **UPDATING,
            "pending": (
                replace(
                    COMING[0],
                    steps=(Step("Baking", "Baking for 600 seconds with traffic enabled on canary capacity."),),
                ),
            ),
        },
        "remembers": {"phase": "InProgress"},
    },
    "another model than AWS brings in": {
        "wants": {"variant": {"modelArtifact": "s3://models/c/model.tar.gz"}},
        "lives": B,
        "shows": {"status": "Updating", "pending_config": "default-iris-0123456789"},
        "remembers": {"configName": "default-iris-0123456789", "phase": "InProgress"},
    },
    "AWS goes back": {"lives": B, "shows": {**UPDATING, "status": "RollingBack"}, "remembers": {"phase": "InProgress"}},
    "AWS went back, as it did not answer": {
        "lives": B,
        "shows": {"failure_reason": PING},
        "remembers": {"phase": "InProgress"},
    },
    "AWS went back for want of capacity": {
        "lives": B,
        "shows": {"failure_reason": CAPACITY},
        "remembers": {"phase": "InProgress"},
    },
    "AWS went back because of an alarm": {
        "lives": B,
        "shows": {"failure_reason": ALARM},
        "remembers": {"phase": "InProgress"},
    },
    "AWS went back as it was asked to": {
        "lives": B,
        "shows": {"failure_reason": ALARM},
        "remembers": {"phase": "InProgress", "abortAlarm": "smendpoints/default-iris/x"},
        "history": [("WANTED", "InProgress"), ("LIVE", "Deployed")],
        "annotations": {"smendpoints.dev/abortRevision": "1"},
    },
    "AWS went back as it was asked to, and tells nothing of it": {
        "lives": B,
        "remembers": {"phase": "InProgress", "abortAlarm": "smendpoints/default-iris/x"},
        "history": [("WANTED", "InProgress"), ("LIVE", "Deployed")],
        "annotations": {"smendpoints.dev/abortRevision": "1"},
    },
    "it is to be aborted": {
        "lives": B,
        "shows": UPDATING,
        "remembers": {"phase": "InProgress", "abortAlarm": "smendpoints/default-iris/x"},
        "history": [("WANTED", "InProgress"), ("LIVE", "Deployed")],
        "annotations": {"smendpoints.dev/abortRevision": "1"},
    },
    "it failed before, and other things were edited": {
        "wants": {"tags": {"team": "ml"}, "variant": {"weight": 3, "instance": {"type": "ml.m5.large", "count": 2}}},
        "lives": B,
        "remembers": {"phase": "Failed", "message": PING},
    },
    "AWS left it in two parts": {"shows": {"status": "UpdateRollbackFailed", "failure_reason": PING}},
    "AWS took it out of service": {"shows": {"status": "OutOfService", "failure_reason": PING}},
    "AWS maintains it": {"shows": {"status": "SystemUpdating"}, "converged": True},
    "AWS scales it": {"shows": {"status": "Updating"}, "converged": True},
    "another weight and count": {
        "wants": {"variant": {"weight": 3, "instance": {"type": "ml.m5.large", "count": 4}}},
        "lives": {},
    },
    "autoscaling is new": {"wants": SCALED, "lives": {}},
    "autoscaling by steps is new": {"wants": BY_STEPS, "lives": {}},
    "autoscaling ends": {"wants": {}, "lives": BY_STEPS},
    "autoscaling pauses": {
        "wants": {"variant": {"scaling": {**SCALED["variant"]["scaling"], "suspended": True}}},
        "lives": SCALED,
    },
    "tags are other ones": {"wants": {"tags": {"team": "ml"}}, "lives": {"tags": {"team": "web"}}},
    "a hand changed the weight": {"variants": {"primary": {"desired_weight": 5.0}}, "converged": True},
    "a hand changed the weight, which is only reported": {
        "wants": {"driftPolicy": "Report"},
        "variants": {"primary": {"desired_weight": 5.0}},
        "converged": True,
    },
    "a hand put another config into service": {"lives": B, "converged": True},
    "it is suspended": {"wants": {"suspend": True}, "converged": True},
    "it is suspended, and was edited": {
        "wants": {"suspend": True, "tags": {"team": "ml"}, "variant": {"weight": 3}},
        "lives": B,
    },
    "it is suspended, and differs": {
        "wants": {"suspend": True},
        "variants": {"primary": {"desired_weight": 5.0}},
        "converged": True,
    },
    "it is suspended, and being updated": {"wants": {"suspend": True}, "shows": {"status": "Updating"}},
    "it is suspended, and failed": {
        "wants": {"suspend": True},
        "lives": B,
        "shows": {"failure_reason": PING},
        "remembers": {"phase": "InProgress"},
    },
    "it is to be stopped": {"wants": {"desiredState": "Stopped"}, "converged": True},
    "it is being stopped": {"wants": {"desiredState": "Stopped"}, "shows": {"status": "Deleting"}},
    "it is being deleted by a hand": {"shows": {"status": "Deleting"}, "converged": True},
    "it stops in the evening": {"converged": True, "hours": 300},
    "it is nobody's": {"shows": {"tags": {}}},
    "it is another object's": {"shows": {"tags": OTHERS}},
    "it is to be adopted": {"wants": {"adoptExisting": True}, "shows": {"tags": {}}, "unowned": ("arn:config",)},
    "it is to be adopted, to try it": {
        "wants": {"adoptExisting": True, "suspend": True},
        "lives": B,
        "shows": {"tags": {}},
    },
    "AWS asks for time": {"exists": False, "refused": THROTTLED},
}


def said(seen: Any, sees: Sees) -> Iterator[str]:
    """What is planned and told, in lines."""
    given = seen.given
    if "hours" in sees:
        given = replace(given, schedule=Schedule(True, given.now + timedelta(minutes=sees["hours"]), "0123456789"))
    todo, failure = plan(given), sees.get("refused")
    status = report(
        given.resource,
        given.desired,
        given.observed,
        todo,
        failure,
        applied=failure is None,
        url="https://runtime/invocations",
        log_tail=[],
        cost=None,
        retry_at=given.now + timedelta(minutes=5) if failure is not None else None,
        fingerprint=None,
        now=given.now,
        supplies=sees.get("supplies", UNKNOWN),
        refusals=(failure,) if failure is not None else (),
    )
    for each in sorted(status.conditions, key=lambda each: (each.type != "Ready", each.type)):
        yield f"{each.type} {each.status} {each.reason}: {each.message}"
    for part in ("actions", "otherwise"):
        calls = "; ".join(map(str, getattr(todo, part)))
        if calls:
            yield f"{'does' if part == 'actions' else 'else'}: {calls}"
    again = todo.requeue if isinstance(todo.requeue, float) else todo.requeue.name
    yield f"again: {again}{', and AWS goes to ' + todo.endpoint_status if todo.endpoint_status else ''}"
    rollout = status.rollout
    if rollout is not None:
        parts = (rollout.phase, rollout.stage, rollout.traffic_percent, rollout.undone_by, rollout.message)
        yield f"rollout of {rollout.config_name}: {', '.join(str(each) for each in parts if each is not None)}"
    for made in status.history[:1]:
        yield f"revision {made.revision} {made.outcome}: {'; '.join(filter(None, (made.changes, made.message)))}"
    shown = status.endpoint.status if status.endpoint is not None else None
    yield f"shown: {shown}, {status.instances}, {status.traffic}"
    if status.failure is not None:
        yield f"failure: {status.failure.reason} | {status.failure.hint}"
    for event in (
        *events(given.resource.status, status),
        *changed_in_place(given.resource.status, todo, todo.actions, given.observed),
    ):
        yield f"event {'Warning' if event.warning else 'Normal'} {event.reason}: {event.message}"


def block(sight: Callable[..., Any], name: str) -> str:
    """A situation with all that is said of it."""
    sees = SITUATIONS[name]
    seen = sight(
        **{key: value for key, value in sees.items() if key not in {"refused", "supplies", "hours", "annotations"}}
    )
    if "annotations" in sees:
        metadata = seen.resource.metadata.model_copy(update={"annotations": sees["annotations"]})
        seen = replace(seen, resource=seen.resource.model_copy(update={"metadata": metadata}))
    return "\n".join([f"== {name}", *(seen.words(line).rstrip() for line in said(seen, sees))])


@pytest.mark.parametrize("name", SITUATIONS)
def test_it_is_said_as_ever_that(sight: Callable[..., Any], name: str) -> None:
    kept = {each.partition("\n")[0]: each.strip() for each in FILE.read_text().split("\n\n")} if FILE.exists() else {}
    found = block(sight, name)
    if os.environ.get("SMENDPOINTS_RECORD"):
        kept[f"== {name}"] = found
        FILE.write_text("\n\n".join(kept[f"== {each}"] for each in SITUATIONS if f"== {each}" in kept) + "\n")
    else:
        assert found == kept.get(f"== {name}"), (
            "run `SMENDPOINTS_RECORD=1 pytest tests/unit/test_said.py`, and read said.txt"
        )
