"""Requests against botocore's service models, in full: also what botocore does not check on the client's side.

Not the place for rules that cross fields; those are the services'.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from smsandbox.aws.core.errors import AwsError, validation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import Shape, StructureShape

PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
}
PUNCTUATION = r"!-/:-@\[-`{-~"
# Python has no Unicode categories: letters, marks and digits are let through together, as \\w, blanks as \\s.
CATEGORY = re.compile(r"\\p\{(\w+)\}")
CATEGORIES = {
    "L": r"\w",
    "N": r"\w",
    "M": r"\w\u0300-\u036f",
    "Z": r"\s",
    "Zs": r"\s",
    "P": PUNCTUATION,
    "S": PUNCTUATION + r"\u00a2-\u00a9\u20a0-\u20bf",
    "Alnum": "a-zA-Z0-9",
    "Print": r"\x20-\x7e",
    "ASCII": r"\x00-\x7f",
}


def validate(params: dict[str, Any], shape: StructureShape | None) -> None:
    """Raise ValidationException naming every violated constraint, in AWS's words; or SerializationException."""
    if shape is None:
        return
    found = list(_violations(params, shape, ""))
    if found:
        noun = "error" if len(found) == 1 else "errors"
        raise validation(f"{len(found)} validation {noun} detected: {'; '.join(found)}")


def _violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    kind = shape.type_name
    expected = PYTHON_TYPES.get(kind)
    if expected and (not isinstance(value, expected) or (isinstance(value, bool) and kind != "boolean")):
        raise AwsError("SerializationException", f"{type(value).__name__} can not be converted to {kind} at '{path}'")
    if kind == "structure":
        yield from _structure(value, shape, path)
    elif kind == "list":
        yield from _bounds(value, len(value), "length", shape.metadata, path)
        for number, item in enumerate(value, 1):
            yield from _violations(item, shape.member, f"{path}.{number}.member")  # type: ignore[attr-defined]
    elif kind == "map":
        yield from _bounds(value, len(value), "length", shape.metadata, path)
        for key, item in value.items():
            yield from _violations(key, shape.key, path)  # type: ignore[attr-defined]
            yield from _violations(item, shape.value, f"{path}.{key}.member")  # type: ignore[attr-defined]
    elif kind == "string":
        yield from _string(value, shape, path)
    elif kind in {"integer", "long", "float", "double"}:
        yield from _bounds(value, value, "value", shape.metadata, path)


def _structure(value: dict[str, Any], shape: Any, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, item in value.items():
        if name in shape.members and item is not None:
            yield from _violations(item, shape.members[name], _join(path, name))


def _string(value: str, shape: Any, path: str) -> Iterator[str]:
    yield from _bounds(value, len(value), "length", shape.metadata, path)
    if shape.enum and value not in shape.enum:
        yield _message(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _message(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _bounds(value: Any, size: float, noun: str, metadata: dict[str, Any], path: str) -> Iterator[str]:
    if (most := metadata.get("max")) is not None and size > most:
        yield _message(value, path, f"Member must have {noun} less than or equal to {most}")
    if (least := metadata.get("min")) is not None and size < least:
        yield _message(value, path, f"Member must have {noun} greater than or equal to {least}")


def _message(value: Any, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{path}.{name}" if path else name


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # The models are written for Java: astral planes as pairs of surrogates, Unicode categories, \\z for the end.
    text = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF").replace(r"\z", r"\Z")
    return re.compile(CATEGORY.sub(lambda match: _category(match, text), text), re.DOTALL)


def _category(match: re.Match[str], text: str) -> str:
    """What stands for a category: characters within a class, a class of its own outside of one."""
    before = text[: match.start()]
    inside = before.count("[") - before.count(r"\[") > before.count("]") - before.count(r"\]")
    characters = CATEGORIES[match[1]]
    return characters if inside else f"[{characters}]"


def shaped(result: dict[str, Any], shape: StructureShape | None, operation: str) -> dict[str, Any]:
    """The answer as the output shape has it: unknown members and None dropped, required ones asserted."""
    if shape is None:
        return {}
    return _shaped(result, shape, operation)  # type: ignore[no-any-return]


def _shaped(value: Any, shape: Any, path: str) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        if shape.metadata.get("eventstream") or shape.is_document_type:
            return value
        missing = [name for name in shape.required_members if value.get(name) is None]
        if missing:
            raise AssertionError(f"{path}: the simulator's answer lacks {', '.join(missing)}")
        return {
            name: _shaped(value[name], member, f"{path}.{name}")
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if shape.type_name == "list" and isinstance(value, (list, tuple)):
        return [_shaped(item, shape.member, path) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _shaped(item, shape.value, path) for key, item in value.items()}
    return value
