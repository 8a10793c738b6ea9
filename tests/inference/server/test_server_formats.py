"""What goes in and what comes out: the four formats, and how Content-Type and Accept choose among them."""

import io
import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sminference.errors import RequestError
from sminference.model import Model
from sminference.parsing import Shape, parse_csv

ROWS = [[5.1, 3.5, 1.4, 0.2], [6.0, 2.9, 4.5, 1.5], [6.9, 3.1, 5.4, 2.1]]
CLASSES = ["setosa", "versicolor", "virginica"]


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(array))
    return stream.getvalue()


def csv(rows: list[list[float]]) -> bytes:
    return "\n".join(",".join(map(repr, row)) for row in rows).encode()


def lines(rows: list[list[float]]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


@pytest.fixture
def expected(model: Callable[[str], Model]) -> list[list[float]]:
    found: list[list[float]] = model("random-forest").predict_proba(np.array(ROWS)).tolist()
    return found


def test_the_recipe_s_payload_gets_the_recipe_s_answer(ask: Any, expected: list[list[float]]) -> None:
    reply = ask({"instances": ROWS})
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.json == {
        "predictions": [
            {
                "predicted_class": CLASSES[int(np.argmax(row))],
                "predicted_class_index": int(np.argmax(row)),
                "probabilities": dict(zip(CLASSES, row, strict=True)),
            }
            for row in expected
        ]
    }


NAMES = b"sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)\n"
REORDERED = b"petal width (cm),sepal length (cm),petal length (cm),sepal width (cm)\n" + csv(
    [[row[3], row[0], row[2], row[1]] for row in ROWS]
)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps({"instances": ROWS}).encode()),
        ("application/json; charset=utf-8", json.dumps(ROWS).encode()),
        ("APPLICATION/JSON", json.dumps({"instances": ROWS, "id": "ünïcode", "deep": [[[]]]}).encode()),
        ("application/json", b" \n[ [5.1,3.5,1.4,0.2],\n[6,2.9,45e-1,1.5],[6.9,3.1,5.4,2.1] ]"),
        ("text/csv", csv(ROWS)),
        ("text/csv", csv(ROWS).replace(b"\n", b"\r\n") + b"\r\n"),
        ("text/csv", b'"5.1", "3.5",1.4,0.2\n\n6,2.9,4.5,1.5\n6.9,3.1,+5.4,2.1\n\n'),
        ("text/csv; header=present", NAMES + csv(ROWS)),
        ("text/csv", b"\xef\xbb\xbf" + csv(ROWS).replace(b"\n", b"\r\n")),
        ("text/csv", b"\xef\xbb\xbf" + NAMES + csv(ROWS)),
        ("text/csv", csv(ROWS).replace(b",", b",\xc2\xa0").replace(b"\n", b"\xe2\x80\xaf\n")),
        ("text/csv; header=present", REORDERED),
        ("text/csv", REORDERED),
        ("text/csv", REORDERED.upper().replace(b",", b" ,  ").replace(b"SEPAL LENGTH (CM)", b'"Sepal length (cm)"')),
        ("text/csv", b"sepal length (cm),Sepal Width (cm),petal length (cm),petal width (cm)\n" + csv(ROWS)),
        ("application/x-npy", npy(ROWS)),
        ("application/x-npy", npy(np.asfortranarray(ROWS))),
        ("application/x-npy", npy(np.array(ROWS, dtype=">f8"))),
        ("application/jsonlines", lines(ROWS)),
        ("application/jsonlines", b'{"features": [5.1,3.5,1.4,0.2]}\n\n[6,2.9,4.5,1.5]\r\n[6.9,3.1,5.4,2.1]\n'),
        ("application/x-ndjson", lines(ROWS)),
    ],
)
def test_every_format_says_the_same(ask: Any, expected: list[list[float]], content_type: str, body: bytes) -> None:
    reply = ask(body, content_type=content_type)
    assert reply.status == 200, reply.body
    assert [list(row["probabilities"].values()) for row in reply.json["predictions"]] == expected


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (b"a,b,c,d", "line 1: expected a header of sepal length (cm), .*, in any order, got a, b, c, d"),
        (NAMES.strip() + b",id", ", in any order, got id"),
        (NAMES.strip().replace(b"petal width", b"petal length"), ", in any order, got petal length (cm) twice"),
        (NAMES[: NAMES.rindex(b",")], ", in any order, got none of petal width (cm)"),
        (b"5.1,3.5,1.4,0.2", ", in any order, got 5.1, 3.5, 1.4, 0.2"),
        (b"," + NAMES.strip(), ", in any order, got a column without a name"),
        (b'"' + b"x" * 200_000, ", in any order, got "),
    ],
    ids=["foreign names", "one more", "one twice", "one less", "numbers", "an index of pandas", "a cell without end"],
)
def test_a_header_of_other_columns_is_refused_instead_of_skipped(ask: Any, first: bytes, message: str) -> None:
    reply = ask(first + b"\n" + csv(ROWS), content_type="text/csv; header=present")
    assert reply.status == 400
    assert re.search(re.escape(message).replace(r"\.\*", ".*"), reply.error)


@pytest.mark.parametrize("header", [None, True, False], ids=["unsaid", "header", "none"])
@pytest.mark.parametrize(
    ("mark", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars"), (" ;\u00a0", "semicolons")]
)
def test_another_separator_is_named(mark: str, name: str, header: bool | None) -> None:
    features = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
    for first in (
        mark.join(features),
        mark.join(["5.1", "3.5", "1.4", "0.2"]),
        mark.join(["5,1", "3,5", "1,4", "0,2"]),
    ):
        with pytest.raises(RequestError, match=f"line 1: expected columns separated by commas, got {name}"):
            parse_csv(f"{first}\n".encode(), Shape(features, 10), header=header)


HOW_NAMES_ARE_WRITTEN = {
    "as they are": "{}",
    "quoted": '"{}"',
    "spaces around": "  {} ",
    "a mark of byte order before each": "\ufeff{}",
    "spaces that do not break": "{}\u00a0",
}


@pytest.mark.parametrize("written", HOW_NAMES_ARE_WRITTEN.values(), ids=HOW_NAMES_ARE_WRITTEN)
def test_a_column_is_never_taken_for_another(written: str) -> None:
    features = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
    values = dict(zip(features, ("5.1", "3.5", "1.4", "0.2"), strict=True))
    for names in itertools.permutations(features):
        for mark, end, said in itertools.product(("", "\ufeff"), ("\n", "\r\n", "\r"), (None, True)):
            lines = [",".join(written.format(name) for name in names), ",".join(values[name] for name in names)]
            found = parse_csv((mark + end.join(lines) + end).encode(), Shape(features, 10), header=said)
            assert found.tolist() == [[5.1, 3.5, 1.4, 0.2]], (names, mark, end, said)


def test_names_that_look_like_numbers_are_no_header_unless_said() -> None:
    shape = Shape(("0", "1", "2", "3"), 10)
    assert parse_csv(b"3,2,1,0\n5,6,7,8\n", shape).tolist() == [[3, 2, 1, 0], [5, 6, 7, 8]]
    assert parse_csv(b"3,2,1,0\n5,6,7,8\n", shape, header=True).tolist() == [[8, 7, 6, 5]]
    assert parse_csv(b"3,2,1,0\n", shape, header=False).tolist() == [[3, 2, 1, 0]]


def test_names_that_differ_in_their_case_alone_are_told_apart() -> None:
    assert parse_csv(b"b,A,a\n1,2,3\n", Shape(("a", "A", "b"), 10)).tolist() == [[3, 2, 1]]


def test_marks_that_are_not_seen_are_told_by_their_number(ask: Any) -> None:
    reply = ask("5.1,3.5,1\u00a04,0.2", content_type="text/csv")
    assert (reply.status, reply.error) == (400, r'line 1, column 3: expected a number, got "1\\xa04"')


@pytest.mark.parametrize("dtype", ["f4", "f8", "i1", "i4", "i8", "u2", ">i4"])
def test_npy_takes_numbers_of_every_size(ask: Any, dtype: str) -> None:
    reply = ask(npy(np.array([[5, 3, 1, 0]], dtype=dtype)), content_type="application/x-npy")
    assert reply.json == ask([[5, 3, 1, 0]]).json


def test_csv_out_has_a_line_for_a_row(ask: Any, expected: list[list[float]]) -> None:
    reply = ask(ROWS, headers={"Accept": "text/csv"})
    assert reply.headers["content-type"] == "text/csv"
    found = [line.split(",") for line in reply.body.decode().splitlines()]
    assert [[float(cell) for cell in line[1:]] for line in found] == expected
    assert [line[0] for line in found] == [CLASSES[int(np.argmax(row))] for row in expected]


def test_csv_out_has_a_header_when_asked(ask: Any) -> None:
    reply = ask(ROWS, headers={"Accept": "text/csv; header=present"})
    first = reply.body.decode().splitlines()[0]
    assert first == "predicted_class,probability_setosa,probability_versicolor,probability_virginica"


def test_npy_out_is_the_matrix_of_probabilities(ask: Any, expected: list[list[float]]) -> None:
    reply = ask(ROWS, headers={"Accept": "application/x-npy"})
    assert np.load(io.BytesIO(reply.body), allow_pickle=False).tolist() == expected


def test_json_lines_out_has_an_object_for_a_row(ask: Any) -> None:
    reply = ask(ROWS, headers={"Accept": "application/jsonlines"})
    assert [json.loads(line) for line in reply.body.splitlines()] == ask(ROWS).json["predictions"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/*", "text/csv"),
        ("image/png, text/csv;q=0.5", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/csv, application/json", "text/csv"),
        ("application/json;q=0, text/csv", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
        ("application/*, application/json;q=0", "application/x-npy"),
        ("text/html, */*;q=0.1", "application/json"),
    ],
)
def test_accept_decides_the_answer(ask: Any, accept: str | None, media_type: str) -> None:
    reply = ask(ROWS, headers={} if accept is None else {"Accept": accept})
    assert (reply.status, reply.headers["content-type"]) == (200, media_type)


@pytest.mark.parametrize(
    "accept", ["image/png", "text/html", "application/json;q=0", "application/json;q=x", ";;,", "*/*;q=0"]
)
def test_an_answer_that_nobody_takes_is_a_406(ask: Any, accept: str) -> None:
    reply = ask(ROWS, headers={"Accept": accept})
    assert reply.status == 406
    assert reply.error.startswith("Accept: expected application/json, text/csv,")


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/xml", "json", "application/json; charset=latin-1", ";"]
)
def test_an_unknown_content_type_is_a_415(ask: Any, content_type: str | None) -> None:
    reply = ask(ROWS, content_type=content_type)
    assert reply.status == 415
    assert reply.error.startswith("Content-Type: expected ")


def test_a_compressed_body_is_a_415(ask: Any) -> None:
    reply = ask(ROWS, headers={"Content-Encoding": "gzip"})
    assert (reply.status, reply.error) == (
        415,
        "Content-Encoding: expected none, got 'gzip'; send the body uncompressed",
    )


def test_a_thousand_rows_come_back_in_their_order(ask: Any, model: Callable[[str], Model]) -> None:
    rows = np.random.default_rng(7).uniform(0, 8, (1000, 4))
    reply = ask(rows.tolist())
    found = [list(row["probabilities"].values()) for row in reply.json["predictions"]]
    assert found == model("random-forest").predict_proba(rows).tolist()


def test_custom_attributes_come_back(ask: Any) -> None:
    reply = ask(ROWS, headers={"X-Amzn-SageMaker-Custom-Attributes": "trace=a1b2; tenant=7"})
    assert reply.headers["x-amzn-sagemaker-custom-attributes"] == "trace=a1b2; tenant=7"


@pytest.mark.parametrize("text", ["x" * 1025, "caf\xe9", "tab\there"])
def test_custom_attributes_are_bounded_as_on_sagemaker(ask: Any, text: str) -> None:
    reply = ask(ROWS, headers={"X-Amzn-SageMaker-Custom-Attributes": text})
    assert reply.status == 400
    assert "at most 1024 visible US-ASCII characters" in reply.error


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/invocations?explain", {}),
        ("/invocations?explain=all", {}),
        ("/invocations", {"X-Amzn-SageMaker-Custom-Attributes": "a=b;explain=true"}),
        ("/invocations", {"X-Amzn-SageMaker-Enable-Explanations": "`true`"}),
    ],
)
def test_explanations_come_by_query_attribute_and_header(ask: Any, path: str, headers: dict[str, str]) -> None:
    predictions = ask(ROWS, path=path, headers=headers).json["predictions"]
    assert all(set(row["explanation"]) == {"prediction_set", "tree_disagreement", "shap"} for row in predictions), (
        predictions[0]
    )


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/invocations", {}),
        ("/invocations?explain=false", {}),
        ("/invocations?other=1", {}),
        ("/invocations", {"X-Amzn-SageMaker-Custom-Attributes": "note=please explain nothing"}),
        ("/invocations", {"X-Amzn-SageMaker-Enable-Explanations": "`false`"}),
    ],
)
def test_nothing_is_explained_unasked(ask: Any, path: str, headers: dict[str, str]) -> None:
    assert not any("explanation" in row for row in ask(ROWS, path=path, headers=headers).json["predictions"])


def test_parts_and_level_of_an_explanation_can_be_chosen(ask: Any) -> None:
    (row,) = ask(ROWS[:1], path="/invocations?explain=set&level=0.95").json["predictions"]
    assert list(row["explanation"]) == ["prediction_set"]
    assert row["explanation"]["prediction_set"]["level"] == 0.95


@pytest.mark.parametrize(
    "query", ["explain=why", "explain=set&level=2", "explain=set&level=x", "explain=set&level=0.123", "explain=%ff"]
)
def test_an_explanation_that_is_not_to_be_had_is_a_400(ask: Any, query: str) -> None:
    reply = ask(ROWS, path=f"/invocations?{query}")
    assert reply.status == 400
    assert reply.error.startswith("explain: ")


@pytest.mark.parametrize("query", ["explain&" + "a=1&" * 100, "a=1&" * 5000])
def test_a_query_of_too_many_fields_is_a_400(ask: Any, query: str) -> None:
    reply = ask(ROWS, path=f"/invocations?{query}")
    assert (reply.status, reply.error) == (400, "query: expected at most 100 fields, got more")


def test_explanations_have_no_csv(ask: Any) -> None:
    assert ask(ROWS, path="/invocations?explain", headers={"Accept": "text/csv"}).status == 406


def test_too_many_rows_to_explain_are_a_413(ask: Any) -> None:
    reply = ask(ROWS * 334, path="/invocations?explain")
    assert (reply.status, reply.error) == (413, "body: expected at most 1000 rows to explain, got 1002")
