"""The lines of a log as they are shown: the last twenty, and what is JSON stays JSON."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smendpoints.domain.observed.log_lines import LINES, shown
from smendpoints.domain.observed.redact import LONGEST_LINE

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
    assert (len(lines), lines[-1]) == (LINES, "l49")


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


@given(st.lists(VALUES, max_size=10) | st.dictionaries(st.text(max_size=80), VALUES, max_size=60))
def test_a_line_of_json_stays_json_and_short(value: Any) -> None:
    (said,) = shown([json.dumps(value)])
    assert len(said) <= LONGEST_LINE
    json.loads(said)
