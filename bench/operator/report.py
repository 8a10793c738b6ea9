"""Figures as a table in Markdown, beside the goals they are measured against."""

from typing import Any


def table(runs: list[dict[str, Any]]) -> str:
    """One line for each figure that a goal is about, or that explains one."""
    lines = ["| N | call, creation | what | figure |", "| --- | --- | --- | --- |"]
    for run in runs:
        where = f"| {run['objects']} | {run['delay_ms']:g} ms, {run['create_seconds']:g} s |"
        for scenario, found in run.items():
            if isinstance(found, dict):
                lines += [
                    f"{where} {scenario}: {name.replace('_', ' ')} | {_shown(value)} |" for name, value in found.items()
                ]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items()) or "none"
    return "not known" if value is None else str(value)
