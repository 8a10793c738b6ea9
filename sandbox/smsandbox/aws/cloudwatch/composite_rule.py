"""The rule of a composite alarm: a tree of states of other alarms. Pure functions, no alarms.

The grammar is that of AlarmRule in
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html: ALARM, OK and
INSUFFICIENT_DATA of a name or an ARN, with or without quotes, TRUE, FALSE, AND, OR, NOT and parentheses. NOT binds
closest, then AND.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smsandbox.aws.cloudwatch.alarm_rules import State

MOST_CHILDREN, MOST_ELEMENTS = 100, 500
_TOKEN = re.compile(
    r"""\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[^")\s][^")]*?))\s*\)
    |(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<bracket>[()]))""",
    re.VERBOSE,
)


class RuleError(ValueError):
    """The rule cannot be read."""


@dataclass(frozen=True)
class Rule:
    """A rule that was read. `children` are the alarms that it names, in their order, by name or ARN."""

    text: str
    children: tuple[str, ...]
    holds: Callable[[Callable[[str], State | None]], bool]


def read(text: str) -> Rule:
    """The rule in a text; RuleError says what is wrong with it."""
    tokens = list(_tokens(text))
    if not tokens:
        raise RuleError("AlarmRule must not be empty")
    children = tuple(dict.fromkeys(value for kind, value, _ in tokens if kind == "state"))
    if len(children) > MOST_CHILDREN:
        raise RuleError(f"AlarmRule must not have more than {MOST_CHILDREN} children alarms")
    if sum(kind != "operator" for kind, _, _ in tokens) > MOST_ELEMENTS:
        raise RuleError(f"AlarmRule must not have more than {MOST_ELEMENTS} elements")
    parser = _Parser(tokens)
    holds = parser.any_of()
    parser.end()
    return Rule(text, children, holds)


def _tokens(text: str) -> Iterator[tuple[str, str, str]]:
    """Kind, value and state: of `state` an alarm and ALARM; of `constant`, `operator` and `bracket` the word alone."""
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise RuleError(f"Syntax error in AlarmRule at: {text[at:].strip()[:40]}")
        at = match.end()
        if match["state"]:
            yield "state", match["quoted"] or match["bare"], match["state"]
        elif match["word"]:
            yield ("constant" if match["word"] in {"TRUE", "FALSE"} else "operator"), match["word"], ""
        else:
            yield "bracket", match["bracket"], ""


class _Parser:
    def __init__(self, tokens: list[tuple[str, str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def any_of(self) -> Callable[[Callable[[str], State | None]], bool]:
        parts = [self._all_of()]
        while self._took("OR"):
            parts.append(self._all_of())
        return lambda state: any(part(state) for part in parts)

    def _all_of(self) -> Callable[[Callable[[str], State | None]], bool]:
        parts = [self._one()]
        while self._took("AND"):
            parts.append(self._one())
        return lambda state: all(part(state) for part in parts)

    def _one(self) -> Callable[[Callable[[str], State | None]], bool]:
        if self._took("NOT"):
            inner = self._one()
            return lambda state: not inner(state)
        if self._took("("):
            inner = self.any_of()
            if not self._took(")"):
                raise RuleError("Syntax error in AlarmRule: a parenthesis is not closed")
            return inner
        if self._at >= len(self._tokens):
            raise RuleError("Syntax error in AlarmRule: it ends too early")
        kind, value, wanted = self._tokens[self._at]
        if kind not in {"state", "constant"}:
            raise RuleError(f"Syntax error in AlarmRule at: {value}")
        self._at += 1
        if kind == "constant":
            return lambda _: value == "TRUE"
        return lambda state: state(value) == wanted

    def _took(self, word: str) -> bool:
        here = self._at < len(self._tokens) and self._tokens[self._at][:2] in {("operator", word), ("bracket", word)}
        self._at += here
        return here

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise RuleError(f"Syntax error in AlarmRule at: {self._tokens[self._at][1]}")
