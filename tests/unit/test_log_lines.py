"""The lines of a log as they are shown: the last twenty, and what is JSON stays JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.domain.observed.log_lines import shown
from smendpoints.domain.observed.redact import GONE

LONGEST_LINE = 400  # characters of a line that are shown

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=600),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=80), inner, max_size=8),
    max_leaves=30,
)


def test_the_last_lines_are_shown_whatever_the_events_hold() -> None:
    lines = shown(["\n".join(f"l{n}" for n in range(50))])
    assert (len(lines), lines[-1]) == (20, "l49")


def test_a_short_line_of_json_says_what_it_said() -> None:
    line = {"level": "ERROR", "message": "no such file", "retry": 3}
    assert json.loads(shown([json.dumps(line)])[0]) == line


def test_a_long_line_of_json_is_shortened_value_by_value() -> None:
    line = {"level": "ERROR", "traceback": "x" * 3000, "tail": "end"}
    (said,) = shown([json.dumps(line)])
    found = json.loads(said)
    assert (found["level"], found["tail"]) == ("ERROR", "end")
    assert found["traceback"].startswith("xxx")
    assert found["traceback"].endswith("…")


def test_what_is_longer_than_an_event_can_be_is_not_read_as_json() -> None:
    line = json.dumps({"a": "x" * 300_000, "end": 1})
    (said,) = shown([line])
    assert len(said) <= LONGEST_LINE
    assert '"end"' not in said


@given(st.lists(VALUES, max_size=10) | st.dictionaries(st.text(max_size=80), VALUES, max_size=60))
def test_a_line_of_json_stays_json_and_short(value: Any) -> None:
    (said,) = shown([json.dumps(value)])
    assert len(said) <= LONGEST_LINE
    json.loads(said)


# A line of JSON as it is in the log, and as it is shown. Names are told by `name` or `key`, in any case.
SHOWN = {
    "a value beside a secret's name": (
        {"name": "DB_PASSWORD", "value": "hunter2hunter2", "more": 1},
        {"name": "DB_PASSWORD", "value": GONE, "more": 1},
    ),
    "the same by `key`, in capitals": (
        {"Key": "DB_PASSWORD", "Value": "hunter2hunter2"},
        {"Key": "DB_PASSWORD", "Value": GONE},
    ),
    "`name` is asked before `key`": (
        {"name": "plain", "key": "DB_PASSWORD", "value": "7"},
        {"name": "plain", "key": "DB_PASSWORD", "value": "7"},
    ),
    "a value beside a harmless name": ({"name": "region", "value": "eu"}, {"name": "region", "value": "eu"}),
    "under a secret's own name": ({"password": ["a", "b"], "user": "me"}, {"password": GONE, "user": "me"}),
    "deep inside": (
        [{"env": [{"name": "API_TOKEN", "value": "x1y2z3"}]}],
        [{"env": [{"name": "API_TOKEN", "value": GONE}]}],
    ),
    "deeper than is looked": ([[[[[[[[[["x"]]]]]]]]]], [[[[[[[[["…"]]]]]]]]]),
    "more members than are shown": ({f"{n}": n for n in range(50)}, {f"{n}": n for n in range(40)}),
    "more entries than are shown": (list(range(50)), list(range(40))),
}


@pytest.mark.parametrize("name", SHOWN)
def test_of_a_line_of_json_is_shown(name: str) -> None:
    line, told = SHOWN[name]
    (said,) = shown([json.dumps(line)])
    assert json.loads(said) == told


def test_of_what_is_too_long_in_the_shortest_form_as_many_members_as_fit_are_shown() -> None:
    (said,) = shown([json.dumps({f"{n:02}" * 10: "v" * 50 for n in range(40)})])
    found = json.loads(said)
    assert list(found)[-1] == "…"
    assert 385 - 41 < len(said) <= LONGEST_LINE
    assert set(found.values()) == {found["00" * 10], "…"}
    (said,) = shown([json.dumps(["w" * 50] * 40)])
    assert json.loads(said)[-1] == "…"
    assert 385 - 16 < len(said) <= LONGEST_LINE


@pytest.mark.parametrize(("digits", "members"), [(9, 33), (10, 32)])
def test_as_many_entries_of_a_list_are_shown_as_fit_just_so(digits: int, members: int) -> None:
    """A number of ten digits takes twelve characters; what is no text is never shortened."""
    line = [10**digits - 1, *[1234567890] * 39]
    (said,) = shown([json.dumps(line)])
    assert json.loads(said) == [*line[:members], "…"]
    assert len(said) == (400 if members == 33 else 389)


@pytest.mark.parametrize(("digits", "members"), [(20, 20), (21, 19)])
def test_as_many_members_of_an_object_are_shown_as_fit_just_so(digits: int, members: int) -> None:
    """A member with a number of ten digits takes nineteen characters."""
    line = {f"k{number:02}": 1234567890 for number in range(40)} | {"k00": 10**digits - 1}
    (said,) = shown([json.dumps(line)])
    assert json.loads(said) == dict(list(line.items())[:members]) | {"…": "…"}
    assert len(said) == (400 if members == 20 else 382)


@pytest.mark.parametrize("line", ['"text"', "5", "null", "{not json", "", "  plain text"])
def test_what_is_no_object_and_no_list_is_shown_as_it_is(line: str) -> None:
    assert shown([line]) == [line.rstrip()]


def test_a_line_of_json_that_just_fits_is_shown_whole() -> None:
    fits = {"a": "x" * 390, "b": 1}
    whole = json.dumps(fits)[:-1] + " " * 0 + "}"
    line = {"a": "x" * (390 - (len(whole) - LONGEST_LINE)), "b": 1}
    assert len(json.dumps(line)) == LONGEST_LINE
    assert shown([json.dumps(line)]) == [json.dumps(line)]


@pytest.mark.parametrize(("length", "read"), [(262_144, True), (262_145, False)])
def test_an_event_of_256_kib_is_the_longest_that_is_read_as_json(length: int, read: bool) -> None:
    line = json.dumps({"a": "", "end": 1})
    line = line.replace('""', '"' + "x" * (length - len(line)) + '"')
    assert len(line) == length
    (said,) = shown([line])
    assert ('"end"' in said) is read
