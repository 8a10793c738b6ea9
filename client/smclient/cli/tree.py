"""A status as a tree for a terminal."""

from datetime import datetime

from rich.console import Group, RenderableType
from rich.style import Style
from rich.text import Text
from rich.tree import Tree

from smclient.cli.output import PHASES, ago, alarm, bar, clock, table, text
from smclient.views.fields import age
from smclient.views.monitoring import MonitoringView
from smclient.views.rollouts import RolloutView
from smclient.views.status import StatusView, VariantView
from smclient.views.text import line

_SHOWN_TAIL = 5


def status_tree(view: StatusView, now: datetime, *, wide: bool = False) -> RenderableType:
    """The whole of one endpoint."""
    root = Tree(_head(view), guide_style="dim")
    for variant in view.variants:
        _add_variant(root, variant, wide=wide)
    if view.rollout is not None:
        _add_rollout(root, view.rollout)
    if view.monitoring is not None:
        _add_monitoring(root, view.monitoring, wide=wide)
    if view.failure is not None:
        failed = root.add(Text(f"last failure: {line(view.failure.reason)}", style="red"))
        for logged in view.failure.log_tail if wide else view.failure.log_tail[-_SHOWN_TAIL:]:
            failed.add(Text(f"log: {line(logged)}", style="dim"))
        if view.failure.hint:
            failed.add(Text(f"what to do: {line(view.failure.hint)}"))
    if wide:
        for each in view.conditions:
            root.add(text(f"{each.type}={each.status} {each.reason}: {each.message}"))
    if view.events:
        rows = [
            (ago(event.last, now), Text(line(event.reason), style="yellow" if event.warning else ""), event.message)
            for event in view.events
        ]
        root.add(Group(Text("last events", style="bold"), table(("LAST", "REASON", "MESSAGE"), rows, wrap="MESSAGE")))
    return root


def _head(view: StatusView) -> RenderableType:
    title = Text(f"{view.namespace}/{view.name}  ", style="bold")
    title.append(view.phase, style=PHASES.get(view.phase, ""))
    if view.aws_status:
        title.append(f"  {line(view.aws_status)} in AWS as {line(view.endpoint)}")
    if view.available is not None and view.phase != "Ready":
        title.append("  still serving" if view.available else "  not serving", "green" if view.available else "red")
    if view.suspended:
        title.append("  suspended", style="yellow")
    facts = [
        ("instances", view.instances),
        ("traffic", view.traffic),
        ("costs", f"${view.hourly_usd} an hour" if view.hourly_usd else None),
        ("config", view.config),
    ]
    said = Text("   ".join(f"{what} {line(value)}" for what, value in facts if value))
    parts = [title, *([Text(line(view.message))] if view.message else []), *([said] if said.plain else [])]
    return Group(*parts)


def _add_variant(root: Tree, variant: VariantView, *, wide: bool) -> None:
    head = Text("shadow " if variant.shadow else "variant ", style="dim")
    head.append(line(variant.name), style="bold")
    head.append(f"  {line(variant.hosting)}" if variant.hosting else "")
    if variant.desired is not None or variant.current is not None:
        head.append(f"  {variant.current or 0}/{variant.desired or 0} in service")
    if variant.minimum is not None and variant.maximum is not None:
        head.append(f" (scales {variant.minimum} to {variant.maximum})")
    if variant.share is not None:
        head.append(f"  {bar(variant.share / 100, 10)} {variant.share:.4g}% of the traffic")
    branch = root.add(head)
    if variant.image:
        branch.add(text(f"image {variant.image}"))
    if variant.artifact and wide:
        branch.add(text(f"model {variant.artifact}"))


def _add_rollout(root: Tree, rollout: RolloutView) -> None:
    styles = {"Succeeded": "green", "Failed": "red", "InProgress": "yellow", "Pending": "yellow"}
    head = Text("rollout ", style="dim")
    head.append(line(rollout.phase), style=styles.get(rollout.phase, ""))
    head.append(f"  {line(rollout.config)}")
    branch = root.add(head)
    if rollout.phase in {"InProgress", "Pending"}:
        steps = f"step {rollout.step} of {rollout.steps}, " if rollout.steps and rollout.step is not None else ""
        traffic = f"{rollout.traffic_percent}% of the traffic, " if rollout.traffic_percent is not None else ""
        doing = f"{steps}{traffic}{line(rollout.doing or 'waiting for AWS')}"
        if rollout.baking_until is not None:
            doing += f" until {clock(rollout.baking_until)} ({age(rollout.seconds_left or 0)} left)"
        branch.add(Text(f"{bar(rollout.progress)}  {doing}" if rollout.progress is not None else doing))
    if rollout.message:
        branch.add(Text(line(rollout.message), style="red"))


def _add_monitoring(root: Tree, monitoring: MonitoringView, *, wide: bool) -> None:
    """The alarms that fire, all of them where it is `wide`, and the dashboard."""
    firing = len(monitoring.firing)
    head = Text("monitoring ", style="dim")
    head.append(f"{len(monitoring.alarms)} alarm{'' if len(monitoring.alarms) == 1 else 's'}")
    head.append(f", {firing} in ALARM" if firing else ", none in ALARM", style="red" if firing else "")
    branch = root.add(head)
    for each in monitoring.alarms if wide else monitoring.firing:
        branch.add(text(f"{each.watches}  ") + alarm(each.state))
    if monitoring.active is False:
        branch.add(Text(line(monitoring.message), style="red"))
    if monitoring.dashboard:
        # As a link of the terminal: written out it would be folded, and useless.
        link = Style(link=line(monitoring.dashboard_url)) if monitoring.dashboard_url else Style()
        branch.add(Text("dashboard ").append(line(monitoring.dashboard), style=link))
    if wide and monitoring.dashboard_url:
        branch.add(text(monitoring.dashboard_url))
