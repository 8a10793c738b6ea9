"""The lines of a log as they are shown: without secrets, and no longer than 400 characters each.

A line that is JSON stays JSON: what is too long is shortened value by value, never in the middle of one's syntax.
"""

import json
from collections.abc import Sequence
from typing import Any

from smendpoints.domain.observed.redact import (
    GONE,
    LONGEST_LINE,
    conceal_blocks,
    names_secret,
    redact,
    redact_text,
    shortened,
)

LINES = 20
_LONGEST_JSON = 262_144  # an event of CloudWatch Logs is no longer
_MOST_MEMBERS = 40
_DEEPEST = 8


def shown(messages: Sequence[str]) -> list[str]:
    """The last twenty lines of these events, oldest first."""
    lines = [line.rstrip() for message in messages for line in (message.splitlines() or [""])]
    return [_shown(line) for line in conceal_blocks(lines)][-LINES:]


def _shown(line: str) -> str:
    value = _parsed(line)
    if value is None:
        return redact(line)
    clean = _clean(value, 0)
    for longest in (LONGEST_LINE, 200, 100, 50, 25, 10):
        text = _dumped(_short(clean, longest))
        if len(text) <= LONGEST_LINE:
            return text
    return _dumped(_fewer(_short(clean, 10)))


def _parsed(line: str) -> dict[str, Any] | list[Any] | None:
    text = line.strip()
    if not text.startswith(("{", "[")) or len(text) > _LONGEST_JSON:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _clean(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, dict):
        names = {str(key).lower(): each for key, each in value.items()}
        named = names.get("name", names.get("key"))
        secret = isinstance(named, str) and names_secret(named)  # {"name": "DB_PASSWORD", "value": …}
        return {
            redact(str(key)): GONE
            if names_secret(str(key)) or (secret and str(key).lower() == "value")
            else _clean(each, depth + 1)
            for key, each in list(value.items())[:_MOST_MEMBERS]
        }
    if isinstance(value, list):
        return [_clean(each, depth + 1) for each in value[:_MOST_MEMBERS]]
    if isinstance(value, str):
        return "\n".join(redact_text(line) for line in conceal_blocks(value[: 4 * LONGEST_LINE].split("\n")))
    return value


def _short(value: Any, longest: int) -> Any:
    if isinstance(value, dict):
        return {shortened(key, max(longest, 25)): _short(each, longest) for key, each in value.items()}
    if isinstance(value, list):
        return [_short(each, longest) for each in value]
    return shortened(value, longest) if isinstance(value, str) else value


def _fewer(value: Any) -> Any:
    """As many of its members as there is room for, and a sign that there were more."""
    if isinstance(value, dict):
        kept: dict[str, Any] = {}
        for key, each in value.items():
            if len(_dumped({**kept, key: each, "…": "…"})) > LONGEST_LINE:
                break
            kept[key] = each
        return {**kept, "…": "…"}
    few: list[Any] = []
    for each in value:
        if len(_dumped([*few, each, "…"])) > LONGEST_LINE:
            break
        few.append(each)
    return [*few, "…"]


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
