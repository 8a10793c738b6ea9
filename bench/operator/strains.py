"""What strains the operator: a quota that half of the objects exceed, a throttled AWS, objects that come without end.

Each has a rig of its own, and answers with figures as `scenarios` do.
"""

import re
import time
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bench.operator.edits import Edits
from bench.operator.rig import Aws, Rig, Spent, rig
from bench.operator.scenarios import (
    MANY,
    OTHERS,
    Figures,
    create,
    names,
    prepare,
    say,
    short,
    told_by_operator,
)

from smendpoints.api.group import RETRY
from smsandbox.testing.figures import quantile
from smsandbox.testing.specs import spec

_BYSTANDERS = 20
_CALLS_A_SECOND = 5.0
_FLOOD_SECONDS = 20.0
_PATCHES_A_SECOND = 15
_NUMBER = re.compile(r"\d+")


def quota(count: int, aws: Aws) -> Figures:
    """Half of `count` objects find no scalable target left; how fast the other half is, beside that half alone."""
    half = count // 2
    with rig(aws) as made:
        prepare(made, _BYSTANDERS)
        alone = create(made, half)
    with rig(replace(aws, scalable_targets=_BYSTANDERS + half)) as made:
        prepare(made, _BYSTANDERS)
        among = create(made, count, expected=half)
        made.objects.wait(lambda: len(_stuck(made)) >= count - half, 60)
        stuck = _stuck(made)
        launched = sum(each.operation == "CreateEndpoint" for each in made.traffic(0.0, but=f"{OTHERS}-").calls)
        return {
            "objects": count,
            "ready": made.ready(MANY),
            "told": dict(Counter(made.objects.told[key][0] for key in stuck)),
            "words": made.objects.told[stuck[0]][1] if stuck else None,
            "launched": launched,
            "calls_each": round(among["calls_each"] * count / half, 2),
            "calls_each_alone": alone["calls_each"],
            "seconds_all_ready": among["seconds_all_ready"],
            "seconds_all_ready_alone": alone["seconds_all_ready"],
            "edit_p99": among["edit_p99"],
            "edit_p99_alone": alone["edit_p99"],
        }


def _stuck(made: Rig) -> list[tuple[str, str]]:
    """The objects that are not Ready and were told why."""
    told = list(made.objects.told.items())
    return sorted(key for key, (_, words) in told if key[0] == MANY and words and key not in made.objects.ready)


def throttled(count: int, aws: Aws, patience: float = 600.0) -> Figures:
    """All objects of one namespace are edited while AWS takes 5 calls a second; and one of another's, now and then."""
    with rig(aws) as made:
        prepare(made, 1)
        create(made, count, edit=False)
        made.objects.still(15, 180)
        one = Edits(made, OTHERS, names(1), 0.0)
        made.cloud.simulator.change(throttle={"*": _CALLS_A_SECOND})
        say("one edit alone while AWS is throttled")
        one.once(one.names[0])
        alone = one.delays(60)[0]
        say(f"{count} edits while AWS is throttled")
        before, spent = made.metrics(), Spent(made)
        made.api.patch(MANY, names(count), {"tags": {"edit": "all"}})
        one.made.clear()
        deadline, waits = time.time() + patience, []
        while len(_landed(made, spent.began)) < count and time.time() < deadline:
            if not one.made or one.delay(*one.made[-1]) is not None:
                one.once(one.names[0])
            made.objects.wait(lambda: one.delay(*one.made[-1]) is not None, 30)
            waits.append(made.metrics().total("smendpoints_aws_wait_seconds") or 0.0)
            time.sleep(5)
        until = time.time()
        landed = _landed(made, spent.began)
        traffic = made.traffic(spent.began, until)
        delays = one.delays(30)
        arrived = [each for each in delays if each is not None]
        return {
            "edits": count,
            "edits_landed": len(landed),
            "seconds_first_landed": short(min(landed.values(), default=None)),
            "seconds_last_landed": short(max(landed.values(), default=None)),
            "calls_a_second": round((traffic.total - sum(traffic.refused().values())) / (until - spent.began), 2),
            "calls_each": round(traffic.total / count, 2),
            "calls": traffic.operations(),
            "refused": traffic.refused(),
            "one_alone": short(alone),
            "one_edits": len(delays),
            "one_lost": len(delays) - len(arrived),
            "one_p50": short(quantile(arrived, 0.5)),
            "one_worst": short(max(arrived, default=None)),
            "oldest_wait_told": short(max(waits, default=None)),
            "cpu_seconds": round(spent.cpu(), 1),
            **told_by_operator(made, before),
        }


def _landed(made: Rig, began: float) -> dict[str, float]:
    """Seconds from then until something about an object was changed in AWS, by object."""
    found: dict[str, float] = {}
    for call in made.calls.since(began):
        match = re.search(rf"{MANY}-(e\d+)", call.target)
        if match and call.changes and call.code == "OK":
            found.setdefault(match[1], call.began - began)
    return found


def load(count: int, a_minute: float, aws: Aws) -> Figures:
    """So many objects come, as many each minute; how long each waits to be Ready."""
    with rig(aws) as made:
        prepare(made, 1)
        made.operator.forget_peak()
        before, spent = made.metrics(), Spent(made)
        say(f"{count} objects come, {a_minute:g} a minute")
        sent = _create_by_and_by(made, names(count), 60.0 / a_minute)
        came, at_end = spent.seconds, made.ready(MANY)
        cpu = spent.cpu()
        whole = made.objects.wait(lambda: made.ready(MANY) >= count, 120 + count * 0.3)
        until = time.time()
        waits = [when - sent[name] for (where, name), when in made.objects.first_ready.items() if where == MANY]
        traffic = made.traffic(spent.began, until)
        return {
            "objects": count,
            "a_minute": a_minute,
            "whole": whole,
            "ready_as_the_last_came": at_end,
            "calls_each": round(traffic.total / count, 2),
            "refused": traffic.refused(),
            "seconds_of_coming": round(came, 1),
            "seconds_all_ready": round(until - spent.began, 1),
            "ready_p50": short(quantile(waits, 0.5)),
            "ready_p99": short(quantile(waits, 0.99)),
            "cpu_percent_while_they_came": round(100 * cpu / came),
            "cpu_seconds": round(spent.cpu(), 1),
            "cpu_of_others": spent.others(),
            "peak_mib": round(made.operator.peak_mib()),
            **told_by_operator(made, before),
        }


def _create_by_and_by(made: Rig, wanted: Collection[str], every: float) -> dict[str, float]:
    """Create them, one in `every` seconds; when each was sent. A slow answer holds up no other."""
    began, sent = time.time(), {}

    def one(name: str) -> None:
        sent[name] = time.time()
        made.api.create(MANY, [name], spec())

    with ThreadPoolExecutor(8) as pool:
        asked = []
        for number, name in enumerate(wanted):
            time.sleep(max(0.0, began + number * every - time.time()))
            asked.append(pool.submit(one, name))
        for each in asked:
            each.result()
    return sent


def flood(made: Rig) -> Figures:
    """One object's annotation of retry is patched without end: what that costs AWS."""
    say("one object is patched without end")
    (name,) = names(1)
    path = f"/apis/smendpoints.dev/v1alpha1/namespaces/{OTHERS}/sagemakerendpoints/{name}"
    before, spent, patches = made.metrics(), Spent(made), 0
    while spent.seconds < _FLOOD_SECONDS:
        body = {"metadata": {"annotations": {RETRY: str(patches)}}}
        made.api.request("PATCH", path, body, "application/merge-patch+json")
        patches += 1
        time.sleep(max(0.0, patches / _PATCHES_A_SECOND - spent.seconds))
    lasted = spent.seconds
    traffic = made.traffic(spent.began)
    passes = [made.metrics().passes() - before.passes()]
    return {
        "patches_a_second": round(patches / lasted, 1),
        "passes_a_second": round(passes[0] / lasted, 2),
        "calls_a_second": round(traffic.total / lasted, 1),
        "calls": traffic.operations(),
        "cpu_percent": round(100 * spent.cpu() / lasted),
    }


def singles(made: Rig, samples: int = 10) -> Figures:
    """One object at a time: from its creation to the first call to AWS about it, and to Ready."""
    say("one object at a time")
    first, ready, costs = [], [], []
    for number in range(samples):
        name = f"single-{number:02}"
        began = time.time()
        made.api.create(MANY, [name], spec())
        if not made.objects.wait(lambda key=(MANY, name): key in made.objects.ready, 120):  # type: ignore[misc]
            continue
        calls = made.traffic(began, until := time.time()).calls
        own = [each for each in calls if f"{MANY}-{name}" in each.target]
        first += [own[0].began - began] if own else []
        ready.append(until - began)
        costs.append(float(len(calls)))
        made.api.delete(MANY, [name])
        made.objects.wait(lambda key=(MANY, name): key in made.objects.gone, 120)  # type: ignore[misc]
    return {
        "samples": samples,
        "ready": len(ready),
        "calls_p50": quantile(costs, 0.5),
        "calls_most": max(costs, default=None),
        "first_call_p50": short(quantile(first, 0.5)),
        "first_call_worst": short(max(first, default=None)),
        "ready_p50": short(quantile(ready, 0.5)),
        "ready_worst": short(max(ready, default=None)),
    }
