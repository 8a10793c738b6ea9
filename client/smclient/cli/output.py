"""How views are printed: tables, trees, JSON, YAML. Here is all that knows rich; views know nothing of it."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from smclient.views.fields import age, as_data
from smclient.views.text import line
from smendpoints.api.group import GROUP, KIND

_UNBOUNDED = 10_000
View = TypeVar("View", bound=Any)  # of an object: has `name` and `namespace`
Columns = Mapping[str, Callable[[View], object]]
PHASES = {
    "Ready": "green",
    "Reconciling": "yellow",
    "Stalled": "red",
    "RolledBack": "yellow",
    "Deleting": "yellow",
    "Unknown": "red",
}


def console() -> Console:
    """Standard output: colour and width on a terminal alone; NO_COLOR is honoured. Text is never markup."""
    terminal = sys.stdout.isatty()
    return Console(
        file=sys.stdout,
        markup=False,
        emoji=False,
        highlight=False,
        width=None if terminal else _UNBOUNDED,
        no_color=True if not terminal or os.environ.get("NO_COLOR") else None,
        force_terminal=terminal,
        legacy_windows=False,
    )


def show(what: RenderableType) -> None:
    """Print; in a pipe without the blanks at the ends of lines."""
    out = console()
    if out.is_terminal:
        out.print(what)
    else:
        click.echo(plainly(what))


def plainly(what: RenderableType) -> str:
    """As a pipe gets it: no colour, no folded lines, no blanks at their ends."""
    out = Console(file=io.StringIO(), markup=False, emoji=False, highlight=False, width=_UNBOUNDED, color_system=None)
    with out.capture() as captured:
        out.print(what)
    return "\n".join(each.rstrip() for each in captured.get().splitlines())


def text(value: object, style: str = "") -> Text:
    """A value in one line of a cell; None is `-`."""
    return Text("-" if value is None else line(value), style=style)


def alarm(state: str | None) -> Text:
    """The state of an alarm, in its colour."""
    styles = {"ALARM": "red", "ABSENT": "red", "OK": "green", "INSUFFICIENT_DATA": "yellow"}
    return text(state, styles.get(state or "", ""))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], wrap: str | Sequence[str] = "") -> Table:
    """A table as kubectl prints it; the columns named `wrap` share what is left of the width, in lines of their own."""
    made = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_edge=False, header_style="bold")
    folded = (wrap,) if isinstance(wrap, str) else wrap
    for head in heads:
        made.add_column(head, no_wrap=head not in folded, overflow="fold")
    for row in rows:
        made.add_row(*(each if isinstance(each, Text) else text(each) for each in row))
    return made


def ago(when: datetime | None, now: datetime | None = None) -> str | None:
    """How long ago, as kubectl writes ages."""
    return None if when is None else age(((now or datetime.now(UTC)) - when).total_seconds())


def clock(when: datetime | None) -> str | None:
    """A moment of the day in UTC, as the operator's messages have it."""
    return None if when is None else f"{when.astimezone(UTC):%H:%M:%SZ}"


def data(form: str, view: Any) -> None:
    """A view as JSON or YAML."""
    click.echo(written(form, view, utf8=_is_utf8()), nl=False)


def written(form: str, view: Any, *, utf8: bool = True) -> str:
    """A view as JSON or YAML, in lines."""
    found = as_data(view)
    if form == "json":
        return json.dumps(found, indent=2, ensure_ascii=not utf8) + "\n"
    import yaml  # for `-o yaml` alone

    return str(yaml.safe_dump(found, sort_keys=False, allow_unicode=utf8))


def name(of: str, kind: str = KIND) -> None:
    """`-o name`, as kubectl has it."""
    click.echo(f"{kind.lower()}.{GROUP}/{of}")


def listed(
    views: Sequence[View],
    form: str | None,
    namespace: str | None,
    columns: Columns[View],
    wide: Columns[View],
    kind: str,
) -> None:
    """Objects of a kind as `-o` asks: names, JSON, YAML or a line each.

    `wide` are the columns that `-o wide` adds. Of all namespaces (None) the namespace is a column.
    """
    if form == "name":
        for view in views:
            name(view.name, kind)
    elif form in ("json", "yaml"):
        data(form, views)
    elif not views:
        click.echo(f"No {kind}s found{f' in the namespace {namespace}' if namespace is not None else ''}.", err=True)
    else:
        everywhere: Columns[View] = {"NAMESPACE": lambda view: view.namespace} if namespace is None else {}
        shown = {**everywhere, **columns, **(wide if form == "wide" else {})}
        show(table(list(shown), [[of(view) for of in shown.values()] for view in views], wrap="MESSAGE"))


def _is_utf8() -> bool:
    return "utf" in (sys.stdout.encoding or "").lower()


def bar(share: float, width: int = 24) -> str:
    """A progress bar of a share of 1."""
    full, empty = ("█", "░") if _is_utf8() else ("#", "-")
    done = round(min(max(share, 0.0), 1.0) * width)
    return full * done + empty * (width - done)


def marks() -> str:
    """What sparklines are drawn with, from low to high."""
    return "▁▂▃▄▅▆▇█" if _is_utf8() else "_.-=+*%#"


def figure(value: float | None, unit: str = "") -> str | None:
    """A number with three digits that mean something, and its unit."""
    if value is None:
        return None
    shown = f"{value:.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.3g}"
    return f"{shown} {unit}".rstrip()
