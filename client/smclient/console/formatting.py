"""How values look in templates: times, durations, figures, money. Pure; Markup is made of escaped parts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import yaml
from jinja2 import Environment
from markupsafe import Markup

from smclient.views import levels
from smclient.views.text import plain

NONE = "\N{EN DASH}"
_PERCENT = " %"
_KINDS = {
    "Ready": "good",
    "Deployed": "good",
    "Succeeded": "good",
    "InService": "good",
    "Reconciling": "busy",
    "InProgress": "busy",
    "Pending": "busy",
    "Deleting": "busy",
    "RolledBack": "warn",
    "Superseded": "idle",
    "Stalled": "bad",
    "Failed": "bad",
    "Unknown": "idle",
    "Running": "busy",
    "Hold": "busy",
    "HOLD": "busy",
    "Undecided": "busy",
    "Ship": "good",
    "SHIP": "good",
    "NotWorse": "good",
    "Invalid": "warn",
    "INVALID": "warn",
    "Rollback": "bad",
    "ROLLBACK": "bad",
    "Worse": "bad",
    "ALARM": "bad",
    "ABSENT": "bad",
    "OK": "good",
    "INSUFFICIENT_DATA": "idle",
}
_WORDS = {"RolledBack": "Rolled back", "InProgress": "In progress", "NotWorse": "Not worse"}
_WORDS |= {"ALARM": "In alarm", "INSUFFICIENT_DATA": "Insufficient data", "ABSENT": "Not there"}


def moment(when: datetime | None) -> Markup:
    """A time: the script writes it in the reader's zone, the title has it in UTC."""
    return _time(when, "clock")


def since(when: datetime | None) -> Markup:
    """How long ago: the script writes it and keeps it up to date, the title has the moment in UTC."""
    return _time(when, "age")


def until(when: datetime | None) -> Markup:
    """How long until then; as `since`."""
    return _time(when, "left")


def _time(when: datetime | None, form: str) -> Markup:
    """What is written here is the same at every moment: a page changes where something else than time went on."""
    if when is None:
        return Markup('<span class="none">{}</span>').format(NONE)
    utc = when.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}" data-form="{}">{}</time>').format(
        f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%Y-%m-%d %H:%M:%S} UTC", form, f"{utc:%d %b %H:%M:%S} UTC"
    )


def figure(value: float | str | None, unit: str = "") -> str:
    """A number with three digits that mean something, thousands set apart, and its unit."""
    if value is None:
        return NONE
    number = float(value)
    if number == round(number) or abs(number) >= 100:
        shown = f"{number:,.0f}".replace(",", "\u202f")
    else:
        shown = f"{number:.3g}"
    return f"{shown} {unit}".rstrip()


def dollars(value: str | Decimal | None, digits: int = 2) -> str:
    """An amount of money, in US dollars."""
    if value is None:
        return NONE
    amount = Decimal(value)
    shown = f"{amount:,.{digits}f}" if amount >= 1 or amount == 0 or digits > 2 else f"{amount:.3g}"
    return f"${shown}"


def percent(share: float | None) -> str:
    """A percentage."""
    return levels.percent(share, NONE, _PERCENT)


def level(value: float | None, mean: bool) -> str:  # noqa: FBT001 - a filter's argument
    """What a metric is: a percentage, or a mean."""
    return levels.level(value, NONE, _PERCENT, mean=mean)


def points(difference: float | None) -> str:
    """A difference of percentages or means, with its sign."""
    return levels.points(difference, NONE)


def kind(state: str | None) -> str:
    """The colour of a state's badge: good, busy, warn, bad or idle."""
    return _KINDS.get(str(state), "idle")


def word(state: str | None) -> str:
    """A state as people read it."""
    return NONE if state is None else _WORDS.get(state, state)


def either(value: Any) -> Any:
    """The value, or a dash where there is none."""
    return NONE if value is None or value == "" else value


def sentence(text: str) -> str:
    """A message as errors have them, as a sentence: a capital, and one full stop."""
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?", ":")) else ".")


def with_code(text: str) -> Markup:
    """A sentence of ours, with what stands between backticks as code."""
    parts = plain(text).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else Markup.escape(part)
        for number, part in enumerate(parts)
    )


def register(environment: Environment) -> None:
    """All of them as filters."""
    for each in (
        moment,
        since,
        until,
        figure,
        dollars,
        percent,
        level,
        points,
        kind,
        word,
        either,
        sentence,
        with_code,
    ):
        environment.filters[each.__name__] = each


def in_yaml(spec: Mapping[str, Any]) -> str:
    """A part of a spec as one writes it."""
    return str(yaml.safe_dump({"spec": spec}, sort_keys=False, allow_unicode=True))
