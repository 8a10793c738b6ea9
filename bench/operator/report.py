"""Figures as a table in Markdown: first those that a goal is about, beside the goal; all the others are in the JSON."""

from collections.abc import Mapping
from typing import Any

# By scenario and figure; the goal for (N, or None where it holds for every N), as `docs/scale.md` has them.
GOALS: Mapping[str, Mapping[str, Mapping[int | None, str]]] = {
    "create": {
        "ready": {},
        "calls_each": {None: "≤ 9"},
        "api_writes_each": {},
        "edits": {},
        "edit_p50": {},
        "edit_p99": {None: "≤ 1 s"},
        "seconds_all_ready": {100: "≤ 68 s at 100 ms a call, 60 s to create", 1000: "≤ 120 s on instant AWS"},
        "cpu_seconds": {},
        "peak_mib": {1000: "≤ 200", 5000: "≤ 500"},
        "queue_p99": {},
        "reconcile_p99": {},
        "refused": {},
    },
    "rest": {
        "quiet": {},
        "seconds_until_quiet": {},
        "calls_a_minute": {1000: "≤ 40"},
        "most_in_a_second": {None: "spread"},
        "aws_writes": {None: "0"},
        "object_writes": {None: "0"},
        "api_writes": {None: "none"},
        "cpu_percent": {1000: "≤ 1", 5000: "≤ 3"},
        "resident_mib": {},
        "calls": {},
    },
    "restart": {
        "calls_each": {None: "≤ 0.2"},
        "aws_writes": {None: "0"},
        "object_writes": {None: "0"},
        "api_writes": {None: "none"},
        "most_in_a_second": {},
        "seconds_observed": {1000: "≤ 30 s"},
        "cpu_seconds": {},
        "peak_mib": {},
        "calls": {},
    },
    "delete": {
        "left": {None: "0"},
        "calls_each": {},
        "api_writes_each": {},
        "seconds_all_gone": {100: "≤ 15 s after AWS's own time"},
        "calls": {},
    },
    "quota": {
        "ready": {None: "half"},
        "launched": {None: "half: told before the launch"},
        "told": {},
        "words": {None: "the number left"},
        "calls_each": {},
        "calls_each_alone": {},
        "seconds_all_ready": {None: "as alone"},
        "seconds_all_ready_alone": {},
    },
    "throttled": {
        "edits_landed": {None: "all"},
        "calls_a_second": {None: "close to 5"},
        "refused": {},
        "calls_each": {},
        "one_edits": {},
        "one_alone": {},
        "one_p50": {},
        "one_worst": {None: "≤ 5 s later than alone"},
        "seconds_last_landed": {},
        "oldest_wait_told": {None: "told, and bounded"},
    },
    "load": {
        "ready_as_the_last_came": {},
        "calls_each": {},
        "queue_p99": {None: "≤ 1 s is the public test's; no bar"},
        "reconcile_p99": {None: "≤ 5 s is the public test's; no bar"},
        "ready_p50": {},
        "ready_p99": {},
        "cpu_percent_while_they_came": {},
        "peak_mib": {},
    },
    "singles": {"calls_p50": {}, "first_call_p50": {}, "first_call_worst": {}, "ready_p50": {}, "ready_worst": {}},
    "flood": {"patches_a_second": {}, "passes_a_second": {None: "≤ 1"}, "calls_a_second": {}},
}


def table(runs: list[dict[str, Any]]) -> str:
    """One line for each figure that was measured and belongs there."""
    lines = ["| N | a call, a creation | what | goal | figure |", "| --- | --- | --- | --- | --- |"]
    for run in runs:
        where = f"| {run['objects']} | {run['delay_ms']:g} ms, {run['create_seconds']:g} s |"
        for scenario, shown in GOALS.items():
            found = run.get(scenario, {})
            for name, goals in shown.items():
                if name in found:
                    goal = goals.get(run["objects"], goals.get(None, ""))
                    lines.append(f"{where} {scenario}: {name.replace('_', ' ')} | {goal} | {_shown(found[name])} |")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items()) or "none"
    return "not known" if value is None else str(value)
