"""Every bad request gets a 4xx with the place and the expectation, as JSON, and disturbs nothing."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sminference.config import Settings
from sminference.hosting import Hosting, load_model

GOOD = [[5.1, 3.5, 1.4, 0.2]]
FOUR = "4 numbers (sepal length (cm), sepal width (cm), petal length (cm), petal width (cm))"
EXAMPLE = '{"instances": [[number, number, number, number], ...]}'
RANGE = "a finite number from -3.403e+38 to 3.403e+38"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", "body: expected JSON, got nothing"),
        ("  \n", "body: expected JSON, got nothing"),
        ("null", f"body: expected {EXAMPLE}, got null"),
        ('"x"', f'body: expected {EXAMPLE}, got "x"'),
        ("7", f"body: expected {EXAMPLE}, got 7"),
        ("true", f"body: expected {EXAMPLE}, got true"),
        ("{}", f'body: expected the key "instances" ({EXAMPLE}), got no keys'),
        ('{"rows": [], "x": 1}', f'body: expected the key "instances" ({EXAMPLE}), got "rows", "x"'),
        ("[]", f"instances: expected at least one row of {FOUR}, got []"),
        ('{"instances": []}', f"instances: expected at least one row of {FOUR}, got []"),
        ('{"instances": null}', f"instances: expected a list of rows of {FOUR}, got null"),
        ('{"instances": {}}', f"instances: expected a list of rows of {FOUR}, got {{}}"),
        ('{"instances": "x"}', f'instances: expected a list of rows of {FOUR}, got "x"'),
        ('{"instances": 5}', f"instances: expected a list of rows of {FOUR}, got 5"),
        ("[5.1, 3.5, 1.4, 0.2]", f"instances[0]: expected a list of {FOUR}, got 5.1"),
        ('{"instances": [[]]}', f"instances[0]: expected {FOUR}, got 0"),
        ("[[1,2,3]]", f"instances[0]: expected {FOUR}, got 3"),
        ("[[1,2,3,4],[1,2,3,4,5]]", f"instances[1]: expected {FOUR}, got 5"),
        ("[[1,2,3,4],[]]", f"instances[1]: expected {FOUR}, got 0"),
        ("[[1,2,3,4],null]", f"instances[1]: expected a list of {FOUR}, got null"),
        ('[{"sepal length (cm)": 5}]', f'instances[0]: expected a list of {FOUR}, got {{"sepal length (cm)":5}}'),
        ("[[[1,2,3,4]]]", "instances[0][0]: expected a number, got [1,2,3,4]"),
        ("[[1,2,[3],4]]", "instances[0][2]: expected a number, got [3]"),
        ('[[1,2,3,4],[1,2,3,4],[1,2,3,4],[1,2,"x",4]]', 'instances[3][2]: expected a number, got "x"'),
        ('{"instances": [["5.1", 3, 1, 1]]}', 'instances[0][0]: expected a number, got "5.1"'),
        ('[["nan", 3, 1, 1]]', 'instances[0][0]: expected a number, got "nan"'),
        ("[[1, null, 1, 1]]", "instances[0][1]: expected a number, got null"),
        ("[[1, 2, true, 1]]", "instances[0][2]: expected a number, got true"),
        ("[[false, 2, 1.5, 1]]", "instances[0][0]: expected a number, got false"),
        ("[[1, 2, 3, 1e39]]", f"instances[0][3]: expected {RANGE}, got 1e+39"),
        ("[[1, 2, 3, -1e308]]", f"instances[0][3]: expected {RANGE}, got -1e+308"),
        ('{"instances": [[1, 2, 3, {"a": "' + "b" * 500 + '"}]]}', "instances[0][3]: expected a number, got {"),
    ],
)
def test_a_wrong_json_body_is_told_where_and_what(ask: Any, body: str, error: str) -> None:
    reply = ask(body)
    assert reply.status == 400
    assert reply.error.startswith(error)
    assert len(reply.error) < 300
    assert ask(GOOD).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"instances": [[1,2,3,4]',
        b"[[1,2,3,4],]",
        b"[[1,2,3,NaN]]",
        b"[[1,2,3,Infinity]]",
        b"[[1,2,3,-Infinity]]",
        b"[[1,2,3,1e999]]",
        b"[[1,2,3," + b"9" * 400 + b"]]",
        b"[[1,2,3," + b"1" * 5000 + b"]]",
        b"[[01,2,3,4]]",
        b"[[+1,2,3,4]]",
        b"[[.5,2,3,4]]",
        b"[[1,2,3,4]] x",
        b"[" * 500 + b"]" * 500 + b"x",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe[[1,2,3,4]]",
        b"\xef\xbb\xbf[[1,2,3,4]]",
        json.dumps(GOOD).encode("utf-16"),
        b'{"instances": "\xed\xa0\x80"}',
        b"\x00",
        b"\x1f\x8b\x08\x00",
    ],
)
def test_what_is_not_json_is_a_400(ask: Any, body: bytes) -> None:
    reply = ask(body)
    assert reply.status == 400
    assert reply.error.startswith("body: expected valid JSON")
    assert ask(GOOD).status == 200


def test_nan_and_infinity_are_told_to_be_no_json(ask: Any) -> None:
    assert ask("[[1,2,3,NaN]]").error.endswith("NaN and Infinity are not JSON numbers")


def test_nested_lists_are_no_row_however_deep(ask: Any) -> None:
    reply = ask("[" * 900 + "1" + "]" * 900)
    assert (reply.status, reply.error[:46]) == (400, "instances[0][0]: expected a number, got [[[[[[")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", f"body: expected at least one line of {FOUR}, got none"),
        ("\n\n", f"body: expected at least one line of {FOUR}, got none"),
        ("1,2,3,4\n1,2,x,4", 'line 2, column 3: expected a number, got "x"'),
        ("a,b,c,d\n1,2,3,4", 'line 1, column 1: expected a number, got "a"'),
        ("1,2,3", f"line 1: expected {FOUR}, got 3"),
        ("1,2,3,4,5", f"line 1: expected {FOUR}, got 5"),
        ("1,2,3,4\n\n1,2,3", f"line 3: expected {FOUR}, got 3"),
        ("1,2,,4", 'line 1, column 3: expected a number, got ""'),
        ("1,2,nan,4", 'line 1, column 3: expected a number, got "nan"'),
        ("1,2,inf,4", 'line 1, column 3: expected a number, got "inf"'),
        ("1,2,1_0,4", 'line 1, column 3: expected a number, got "1_0"'),
        ("1,2,٣,4", 'line 1, column 3: expected a number, got "٣"'),
        ("1,2,1e999,4", f"line 1, column 3: expected {RANGE}, got inf"),
        ("1,2,1e39,4", f"line 1, column 3: expected {RANGE}, got 1e+39"),
        ("1;2;3;4", "line 1: expected columns separated by commas, got semicolons"),
        ("1,2,0x1,4", 'line 1, column 3: expected a number, got "0x1"'),
        ("1,2,3,4\x1c5,6,7,8", r'line 1, column 4: expected a number, got "4\u001c5"'),
        ("1,2,3,4\u20285,6,7,8", 'line 1, column 4: expected a number, got "4\\\\u20285"'),
        ("1,2,3\u00a04,4", 'line 1, column 3: expected a number, got "3\\\\xa04"'),
    ],
)
def test_a_wrong_csv_line_is_told_where_and_what(ask: Any, body: str, error: str) -> None:
    reply = ask(body, content_type="text/csv")
    assert (reply.status, reply.error) == (400, error)


def test_csv_that_is_not_utf8_is_a_400(ask: Any) -> None:
    reply = ask(b"1,2,\xff,4", content_type="text/csv")
    assert (reply.status, reply.error) == (400, "body: expected UTF-8 text, got byte 0xff at 4")


def test_a_csv_header_alone_holds_no_row(ask: Any) -> None:
    assert ask("a,b,c,d", content_type="text/csv; header=present").status == 400


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("\n", f"body: expected at least one line with a list of {FOUR}, got none"),
        ("[1,2,3,4]\n[1,2,3]", f"line 2: expected {FOUR}, got 3"),
        ('[1,2,3,4]\n\n{"features": [1,2,3,"x"]}', 'line 3, features[3]: expected a number, got "x"'),
        ('{"x": 1}', 'line 1: expected [numbers] or {"features": [numbers]}, got {"x":1}'),
        ("[1,2\n,3,4]", "line 1: expected valid JSON"),
        ("7", f"line 1: expected a list of {FOUR}, got 7"),
    ],
)
def test_a_wrong_json_line_is_told_where_and_what(ask: Any, body: str, error: str) -> None:
    reply = ask(body, content_type="application/jsonlines")
    assert reply.status == 400
    assert reply.error.startswith(error)


def saved(array: Any, *, allow_pickle: bool = False) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=allow_pickle)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "body: expected an array as numpy.save writes it"),
        (b"\x93NUMPY", "body: expected an array as numpy.save writes it"),
        (b"PK\x03\x04", "body: expected an array as numpy.save writes it"),
        (saved(np.array(GOOD))[:-8], "body: expected 32 bytes of data after the header, got 24"),
        (saved(np.array(GOOD)) + b"x", "body: expected 32 bytes of data after the header, got 33"),
        (saved(np.array(GOOD[0])), "body: expected an array of shape (rows, 4), got shape [4]"),
        (saved(np.zeros((2, 3))), "body: expected an array of shape (rows, 4), got shape [2,3]"),
        (saved(np.zeros((1, 2, 4))), "body: expected an array of shape (rows, 4), got shape [1,2,4]"),
        (saved(np.zeros((0, 4))), "body: expected at least one row, got none"),
        (
            saved(np.array([["a"] * 4])),
            "body: expected an array of floats or integers of at most 64 bits, got dtype <U1",
        ),
        (
            saved(np.zeros((1, 4), bool)),
            "body: expected an array of floats or integers of at most 64 bits, got dtype bool",
        ),
        (saved(np.zeros((1, 4), complex)), "body: expected an array of floats or integers of at most 64 bits"),
        (saved(np.array([[1, 2, np.nan, 4]])), f"array[0][2]: expected {RANGE}, got nan"),
        (saved(np.array([[1, 2, 3, 4], [1, 2, 3, -np.inf]])), f"array[1][3]: expected {RANGE}, got -inf"),
        (saved(np.array([[1, 2, 3, 1e300]])), f"array[0][3]: expected {RANGE}, got 1e+300"),
        (
            saved(np.zeros((1, 4))).replace(b"(1, 4), }  ", b"(10**12, 4)"),
            "body: expected an array as numpy.save writes it",
        ),
        (saved(np.zeros((1, 4))).replace(b"(1, 4), }", b"(-1, 4),}"), "body: expected at least one row, got none"),
        (
            saved(np.zeros((1, 4))).replace(b"(1, 4), }   ", b"(True, 4), }"),
            "body: expected an array of shape (rows, 4), got shape [true,4]",
        ),
        (
            saved(np.zeros((1, 4))).replace(b"(1, 4), }      ", b"(90000, 4), }  "),
            "body: expected 2880000 bytes of data",
        ),
    ],
)
def test_a_wrong_npy_body_is_told_what(ask: Any, body: bytes, error: str) -> None:
    reply = ask(body, content_type="application/x-npy")
    assert reply.status == 400
    assert reply.error.startswith(error)
    assert ask(GOOD).status == 200


class Trap:
    """A pickle of it creates the file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_a_pickle_in_npy_is_refused_and_never_run(ask: Any, tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    reply = ask(saved(np.array([[Trap(trap)] * 4], dtype=object), allow_pickle=True), content_type="application/x-npy")
    assert reply.status == 400
    assert reply.error.endswith("got dtype object")
    assert not trap.exists()


def test_more_rows_than_allowed_are_a_413(make_client: Callable[..., Any], ask: Any, model_dir: Any) -> None:
    settings = Settings(model_dir=model_dir("random-forest"), max_rows=3)
    small = make_client(settings, load_model(settings))
    assert small([[1, 2, 3, 4]] * 3).status == 200
    for body, content_type in [
        (json.dumps([[1, 2, 3, 4]] * 4), "application/json"),
        ("1,2,3,4\n" * 4, "text/csv"),
        ("[1,2,3,4]\n" * 4, "application/jsonlines"),
        (saved(np.ones((4, 4))), "application/x-npy"),
    ]:
        reply = small(body, content_type=content_type)
        assert (reply.status, reply.error) == (
            413,
            "body: expected at most 3 rows, got more; send them in several requests",
        )


def test_a_body_over_the_limit_is_a_413(make_client: Callable[..., Any], model_dir: Any) -> None:
    settings = Settings(model_dir=model_dir("random-forest"), max_body_bytes=100)
    small = make_client(settings, load_model(settings))
    assert small(GOOD).status == 200
    assert small(" " * 101).error == "body: expected at most 100 bytes, got 101"


@pytest.mark.parametrize(
    ("path", "method", "status", "error"),
    [
        ("/nowhere", "GET", 404, "GET /nowhere: no such path; GET / lists what there is"),
        ("/models", "GET", 404, "GET /models: no such path; GET / lists what there is"),
        ("/invocations", "GET", 405, "GET /invocations: expected "),
        ("/invocations", "DELETE", 405, "DELETE /invocations: expected "),
        ("/ping", "POST", 405, "POST /ping: expected "),
        ("/" + "x" * 3000, "GET", 404, "GET /xxx"),
    ],
)
def test_a_wrong_path_or_method_is_told_in_json(ask: Any, path: str, method: str, status: int, error: str) -> None:
    reply = ask(path=path, method=method)
    assert reply.status == status
    assert reply.error.startswith(error)
    assert (status == 405) == ("allow" in reply.headers)


def test_a_browser_gets_an_error_page_with_a_way_on(ask: Any) -> None:
    reply = ask(path="/nowhere<script>", method="GET", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert reply.status == 404
    assert reply.headers["content-type"].startswith("text/html")
    assert b'<a href="/">' in reply.body
    assert b"<script>" not in reply.body


def test_a_fault_of_ours_is_a_500_that_tells_nothing_and_logs_everything(
    make_client: Callable[..., Any], ask: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        label = "broken@1"
        model = load_model(Settings(model_dir=Path("/nowhere")))

        def answer(self, *_: object) -> None:
            raise RuntimeError("a secret of the model")

    broken = make_client(Settings(metrics_seconds=0), Hosting(served=Broken()))  # type: ignore[arg-type]
    reply = broken(GOOD)
    assert (reply.status, reply.error) == (500, "the server failed at this request; its log says why")
    assert "a secret of the model" in caplog.text
