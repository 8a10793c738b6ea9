"""What is measured with N objects, one after the other in one rig: created at once, at rest, restarted, deleted.

Each answers with figures, the counts before the times; nothing is judged here.
"""

import math
import os
import re
import sys
import time
from typing import Any

from bench.operator.edits import Edits
from bench.operator.rig import Rig, Spent

from smsandbox.testing.figures import histogram_quantile, quantile
from smsandbox.testing.specs import spec

Figures = dict[str, Any]
MANY, OTHERS = "many", "others"
_EDIT_SECONDS = 1.0
_OBSERVED = "smendpoints_objects"  # gauge of the operator: those that are known, and that it has reconciled
_LOOK_SECONDS = 60.0
_QUIET_SECONDS, _QUIET_PATIENCE = 65.0, 1200.0  # of a large place AWS is looked over once in ten minutes


def say(what: str) -> None:
    """Tell what is being done, beside the figures."""
    print(f"{time.strftime('%H:%M:%S')} {what}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)


def names(count: int) -> list[str]:
    """Of so many objects; none is the beginning of another."""
    return [f"e{number:05}" for number in range(count)]


def prepare(rig: Rig, others: int = 20) -> None:
    """Namespaces, and a few objects that were there before."""
    for each in (MANY, OTHERS):
        rig.namespace(each)
    rig.api.create(OTHERS, names(others), spec())
    patience = 60 + 3 * rig.aws.create_seconds + 60 * rig.aws.call_seconds * others
    if not rig.objects.wait(lambda: rig.ready(OTHERS) == others, patience):
        raise RuntimeError(f"{rig.ready(OTHERS)} of {others} objects are Ready after {patience:g} s")
    rig.objects.still(5, 60)


def create(
    rig: Rig, count: int, *, edit: bool = True, patience: float | None = None, expected: int | None = None
) -> Figures:
    """`count` objects at once; others are edited meanwhile."""
    say(f"{count} objects are created")
    patience = patience or 120 + count * 0.6 + 3 * rig.aws.create_seconds
    expected = count if expected is None else expected
    others = [name for namespace, name in rig.objects.there if namespace == OTHERS]
    edits = Edits(rig, OTHERS, sorted(others), _EDIT_SECONDS)
    rig.operator.forget_peak()
    before = rig.metrics()
    spent = Spent(rig)
    if edit and others:
        edits.start()
    rig.api.create(MANY, names(count), spec())
    created = spent.seconds
    whole = rig.objects.wait(lambda: rig.ready(MANY) >= expected, patience)
    until = time.time()
    cpu, peak, shared = spent.cpu(), rig.operator.peak_mib(), spent.others()
    edits.stop()
    firsts = sorted(when - spent.began for (where, _), when in rig.objects.first_ready.items() if where == MANY)
    traffic = rig.traffic(spent.began, until, but=f"{OTHERS}-")
    delays = edits.delays()
    arrived = [each for each in delays if each is not None]
    return {
        "objects": count,
        "ready": len(firsts),
        "whole": whole,
        "calls_each": round(traffic.total / count, 2),
        "calls": traffic.operations(),
        "refused": traffic.refused(),
        "api_writes_each": round(rig.objects.written(spent.began, until, MANY) / count, 2),
        "seconds_to_create": round(created, 1),
        "seconds_all_ready": round(firsts[-1], 1) if firsts else None,
        "seconds_half_ready": round(quantile(firsts, 0.5) or 0.0, 1),
        "edits": len(delays),
        "edits_lost": len(delays) - len(arrived),
        "edit_p50": short(quantile(arrived, 0.5)),
        "edit_p99": short(quantile(arrived, 0.99)),
        "cpu_seconds": round(cpu, 1),
        "cpu_of_others": shared,
        "peak_mib": round(peak),
        **told_by_operator(rig, before),
    }


def told_by_operator(rig: Rig, before: Any) -> Figures:
    """What the operator's histograms say since then, where it has them."""
    now = rig.metrics()
    found: Figures = {}
    for name, histogram in (
        ("queue", "smendpoints_queue_seconds"),
        ("reconcile", "smendpoints_reconcile_seconds"),
        ("pass", "smendpoints_pass_seconds"),
    ):
        buckets = now.buckets(histogram, before)
        for share in (0.5, 0.99):
            if (value := histogram_quantile(buckets, share)) is not None:
                beyond = f"more than {sorted(buckets)[-2]:g}"
                found[f"{name}_p{100 * share:.0f}"] = beyond if math.isinf(value) else short(value)
    return found


def rest(rig: Rig, seconds: float) -> Figures:
    """Nothing is done to any object for a while, once all that was done has come to its end."""
    say("rest")
    came = time.time()

    def at_rest() -> bool:
        return len(rig.objects.recorded) == len(rig.objects.there) and _quiet(rig) > _QUIET_SECONDS

    stilled = rig.objects.wait(at_rest, max(_QUIET_PATIENCE, 0.6 * len(rig.objects.there)), every=2.0)
    quieted = time.time() - came - _QUIET_SECONDS
    memory = rig.operator.resident_mib()
    written = rig.written()
    spent = Spent(rig)
    time.sleep(seconds)
    cpu, lasted, until = spent.cpu(), spent.seconds, time.time()
    traffic = rig.traffic(spent.began, until)
    more = {kind: number - written.get(kind, 0) for kind, number in rig.written().items()}
    return {
        "objects": len(rig.objects.there),
        "quiet": stilled,
        "recorded": len(rig.objects.recorded),
        "seconds_until_quiet": round(max(0.0, quieted), 1),
        "seconds": round(lasted),
        "cpu_percent": round(100 * cpu / lasted, 2),
        "calls_a_minute": round(traffic.total * 60 / lasted, 1),
        "calls": traffic.operations(),
        "most_in_a_second": traffic.most_in_a_second,
        "aws_writes": traffic.writes,
        "object_writes": rig.objects.written(spent.began, until),
        "api_writes": {kind: number for kind, number in more.items() if number},
        "resident_mib": round(memory),
    }


def _quiet(rig: Rig) -> float:
    """Seconds since an object was written, or AWS was asked about one: listings are about none."""
    written = rig.objects.writes[-1][0] if rig.objects.writes else 0.0
    about = (each.began for each in reversed(rig.calls.since(0.0)) if re.search(rf"\b({MANY}|{OTHERS})-", each.target))
    return time.time() - max(written, next(about, 0.0))


def restart(rig: Rig, patience: float = 300.0) -> Figures:
    """The operator is told to stop and started again, with all at rest."""
    say("restart")
    rig.world.operator.stop(seconds=60)
    written, began = rig.written(), time.time()
    rig.world.operator.ensure_running()
    spent = Spent(rig)
    total = len(rig.objects.there)
    told = observed = None
    while time.time() - began < patience and observed is None:
        metrics = rig.metrics()
        states = metrics.by(_OBSERVED, "state")
        told = _OBSERVED if states else "passes"
        seen = states.get("reconciled", 0.0) if states else metrics.passes()
        if seen >= total:
            observed = time.time()
        time.sleep(0.2)
    cpu = spent.cpu()
    time.sleep(max(0.0, began + _LOOK_SECONDS - time.time()))
    until = max(observed or 0.0, began + _LOOK_SECONDS)
    traffic = rig.traffic(began, until)
    more = {kind: number - written.get(kind, 0) for kind, number in rig.written().items()}
    return {
        "objects": total,
        "calls_each": round(traffic.total / total, 2),
        "calls_each_until_observed": round(rig.traffic(began, observed or until).total / total, 2),
        "calls": traffic.operations(),
        "most_in_a_second": traffic.most_in_a_second,
        "aws_writes": traffic.writes,
        "object_writes": rig.objects.written(began, until),
        "api_writes": {kind: number for kind, number in more.items() if number},
        "seconds_observed": short(None if observed is None else observed - began),
        "observed_by": told,
        "cpu_seconds": round(cpu, 1),
        "peak_mib": round(rig.operator.peak_mib()),
    }


def delete(rig: Rig, count: int) -> Figures:
    """So many of them are deleted at once."""
    say(f"{count} objects are deleted")
    doomed = names(count)
    spent = Spent(rig)
    rig.api.delete(MANY, doomed)

    def left() -> list[str]:
        return [name for name in doomed if (MANY, name) in rig.objects.there]

    whole = rig.objects.wait(lambda: not left(), 120 + count)
    until = time.time()
    traffic = rig.traffic(spent.began, until)
    return {
        "objects": count,
        "left": len(left()),
        "whole": whole,
        "calls_each": round(traffic.total / count, 2),
        "calls": traffic.operations(),
        "api_writes_each": round(rig.objects.written(spent.began, until, MANY) / count, 2),
        "seconds_all_gone": round(until - spent.began, 1),
        "cpu_seconds": round(spent.cpu(), 1),
    }


def short(value: float | None) -> float | None:
    """Seconds as they are shown."""
    return None if value is None else round(value, 2)
