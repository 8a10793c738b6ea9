"""An experiment as a tree for a terminal."""

from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from smclient.cli.output import ago, bar, table, text
from smclient.cli.shares import count, look_cells, metric_cells, minute, source
from smclient.views.advice import advice
from smclient.views.challengers import ChallengerView
from smclient.views.experiments import ExperimentView
from smclient.views.text import line

VERDICTS = {"SHIP": "green", "ROLLBACK": "red", "INVALID": "red", "INCONCLUSIVE": "yellow", "HOLD": "yellow"}
STATES = {"Running": "yellow", "Waiting": "yellow", "Deleting": "yellow", "Finished": "green"}


def experiment_tree(view: ExperimentView, now: datetime, *, looks: bool = False) -> RenderableType:
    """The whole of one experiment; `looks`: with each look that is kept."""
    root = Tree(_head(view, now), guide_style="dim")
    for arm in view.arms:
        head = Text("control " if arm.control else "challenger ", style="dim")
        head.append(line(arm.variant), style="bold")
        if arm.share is not None:
            head.append(f"  {bar(arm.share / 100, 10)} {arm.share:.3g}% of the arms' traffic")
        if arm.requests is not None:
            head.append(f"  {count(arm.requests)} requests")
        if arm.variant == view.winner:
            head.append("  winner", style="green")
        if arm.ended_at is not None:
            head.append(f"  given up {ago(arm.ended_at, now)} ago", style="red")
        branch = root.add(head)
        for challenger in view.challengers:
            if challenger.variant == arm.variant:
                _add_findings(branch, challenger, view.goal, looks=looks)
    root.add(_split(view))
    for step in view.steps if looks else ():
        counted = f"counts from {minute(step.counts_from)} to {minute(step.counts_until)}"
        root.add(text(f"traffic: {step.percent:.3g}% to the challengers together; {counted}"))
    root.add(Text(f"what to do: {line(advice(view))}"))
    return root


def _head(view: ExperimentView, now: datetime) -> RenderableType:
    title = Text(f"{line(view.namespace)}/{line(view.name)}  ", style="bold")
    title.append(
        line(view.phase or "Waiting"), style="red" if view.stalled else STATES.get(view.phase or "Waiting", "")
    )
    if view.verdict:
        title.append(f"  {line(view.verdict)}", style=VERDICTS.get(view.verdict, ""))
    facts = [
        ("endpoint", view.endpoint),
        ("requests", count(view.requests) if view.requests is not None else None),
        ("running since", ago(view.started_at, now) if view.ended_at is None else None),
        ("ends by", minute(view.ends_by) if view.ends_by and view.ended_at is None else None),
        ("ended", f"{ago(view.ended_at, now)} ago" if view.ended_at else None),
        ("confidence", f"{100 * view.confidence:.4g}%"),
        ("on verdict", view.on_verdict),
    ]
    said = Text("   ".join(f"{what} {line(value)}" for what, value in facts if value))
    return Group(title, Text(line(view.message)), said)


def _add_findings(branch: Tree, challenger: ChallengerView, goal: str, *, looks: bool) -> None:
    if challenger.verdict:
        head = Text(line(challenger.verdict), style=VERDICTS.get(challenger.verdict, ""))
        head.append(f"  {line(challenger.reason)}")
        branch.add(head)
    rows: list[list[object]] = []
    for each in challenger.metrics:
        *cells, stands = metric_cells(each, goal)
        rows.append([*cells, text(stands, "red" if each.worse else "green" if each.passed else "")])
    heads = ("METRIC", "CONTROL", "CHALLENGER", "DIFFERENCE", "INTERVAL", "MARGIN", "REQUESTS", "")
    branch.add(table(heads, rows))
    for each in challenger.metrics:
        if each.counted_until is not None:
            branch.add(text(f"{each.name}: {source(each)}"))
    if looks and challenger.looks:
        branch.add(table(("LOOK", "REQUESTS", "DIFFERENCE", "INTERVAL"), map(look_cells, challenger.looks)))


def _split(view: ExperimentView) -> Text:
    said = Text("split check: ", style="dim")
    said.append(line(view.split_reason), style={"right": "green", "broken": "red"}.get(view.split, ""))
    return said
