"""What the Playground computes, without a page: forms, uploads, answers, pictures, requests to copy."""

import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smclient.console.playground.answers import answered
from smclient.console.playground.compare import compared
from smclient.console.playground.description import Description, Feature, description_of
from smclient.console.playground.outcome import outcome
from smclient.console.playground.snippets import Request, snippets
from smclient.console.playground.swarm import swarm
from smclient.console.playground.uploads import typed, uploaded
from smclient.console.playground.waterfall import WIDTH, figure, marks, waterfall
from smclient.errors import ClientError

DESCRIPTION = Description("m", "1", "Forest", "probabilities", (Feature("a", 0.0, 4.0), Feature("b")), ("x", "y"))
GAPS = Description("m", "1", "Forest", "values", (Feature("a"), Feature("b")), missing_values=True)
TOLD: dict[str, Any] = {
    "schema": "smendpoints.dev/description/v1",
    "model": "m",
    "version": "v1",
    "description": {
        "features": [{"name": "a"}, {"name": "b"}],
        "classes": ["x", "y"],
        "outputs": "probabilities",
        "conformal": {"levels": [{"level": 0.95}, {"level": 0.9, "measured_coverage": 0.91}]},
    },
    "baseline": {"features": {"a": {"min": 1, "max": 3, "mean": 2, "deciles": [1, 1, 1, 1, 1, 2.5, 3, 3, 3, 3, 3]}}},
    "explanations": ["set", "shap"],
    "limits": {"rows": 5, "rows_with_explanations": 2},
}
finite = st.floats(-1e6, 1e6, allow_nan=False)


def test_a_form_comes_of_the_models_own_description() -> None:
    found = description_of(TOLD)
    assert found is not None
    first, second = found.features
    assert (first.low, first.high, first.start, first.step, first.has_range) == (1, 3, 2.5, 0.01, True)
    assert (second.start, second.has_range) == (0, False)
    assert [(each.level, each.measured) for each in found.levels] == [(0.9, 0.91), (0.95, None)]
    assert (found.most_rows, found.most_explained, found.explained) == (5, 2, ("set", "shap"))


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {"predictions": []},
        {"schema": TOLD["schema"]},
        {**TOLD, "description": {"features": "abc"}},
        {**TOLD, "description": {"features": [{"name": 3}, None]}},
    ],
)
def test_what_another_container_answers_is_no_description(document: Any) -> None:
    assert description_of(document) is None


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=3), lambda x: st.lists(x, max_size=3)))
def test_a_description_of_strange_parts_is_read_as_far_as_it_goes(strange: Any) -> None:
    for key in ("baseline", "limits", "explanations", "model"):
        found = description_of({**TOLD, key: strange})
        assert found is not None
        assert found.names == ("a", "b")
    description_of({**TOLD, "description": {**TOLD["description"], "conformal": strange, "classes": strange}})


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_a_slider_takes_a_hundred_steps_or_more(low: float, size: float) -> None:
    feature = Feature("a", low, low + size)
    if feature.has_range:
        assert 150 < (low + size - low) / feature.step < 600


@pytest.mark.parametrize(
    "content",
    [
        b"1,2\n3.5,4\n",
        b"\xef\xbb\xbfa,b\r\n1,2\r\n3.5,4\r\n",
        b"b;species;a\n2;x;1\n4;y;3.5\n",
        b'"a"\t"b"\n1\t2\n\n3.5\t4\n',
        b'{"instances": [[1, 2], [3.5, 4]]}',
        b'[{"b": 2, "a": 1}, {"a": 3.5, "b": 4, "species": "y"}]',
    ],
)
def test_rows_are_read_of_csv_and_json_by_name_or_place(content: bytes) -> None:
    assert uploaded(content, DESCRIPTION).rows == ((1, 2), (3.5, 4))


def test_columns_that_are_no_features_are_told_and_not_sent() -> None:
    found = uploaded(b"a,species,b\n1,<b>setosa</b>,2\n", DESCRIPTION)
    assert (found.rows, found.unsent) == (((1, 2),), ("species",))
    assert json.loads(found.body()) == {"instances": [[1, 2]]}


def test_values_may_be_missing_where_the_model_takes_that() -> None:
    assert uploaded(b"a,b\n,2\nnan,4\n", GAPS).rows == ((None, 2), (None, 4))
    assert json.loads(typed(["", "1"], GAPS).body()) == {"instances": [[None, 1]]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a,b\n1,x\n", 'row 2, b: "x" is no number'),
        (b"1,2\n3\n", "row 2 has 1 values, the model takes 2"),
        (b"a,b\n1\n", "row 2 has 1 cells, the first line has 2"),
        (b"a,c\n1,2\n", 'there is no column "b"'),
        (b"a,a,b\n1,2,3\n", 'the column "a" is there twice'),
        (b"a,b\n1,\n", "row 2, b: there is no value, and this model takes no missing ones"),
        (b"1,1e999\n", 'row 1, b: "1e999" is no number'),
        (b"1,1_0\n", 'row 1, b: "1_0" is no number'),
        (b"\xff\xfe\x00", "this file is not UTF-8 text (byte 0)"),
        (b"a,b\n", "there are no rows in it"),
        (b"  \n", "there are no rows in it"),
        (b'a,b\n"1,2\n', "this is not valid CSV"),
        (b'{"rows": []}', "there is no list of rows in this JSON"),
        (b"[[1, true]]", "instances[0], b: true is not a number"),
        (b"[[1, 2], 3]", "instances[1] is no row"),
        (b"[[1, 2], [3]]", "instances[1] has 1 values, the model takes 2"),
        (b"[[1, NaN]]", "instances[0], b: NaN is not a number"),
        (b"{", "this is not valid JSON"),
    ],
)
def test_what_is_wrong_with_an_upload_is_told_with_its_place(content: bytes, told: str) -> None:
    with pytest.raises(ClientError) as error:
        uploaded(content, DESCRIPTION)
    assert error.value.message.startswith(told)


def test_more_rows_than_the_model_takes_are_refused() -> None:
    found = description_of(TOLD)
    assert found is not None
    with pytest.raises(ClientError, match="6 rows, and the model takes 5"):
        uploaded(b"1,2\n" * 6, found)


@given(finite, st.lists(st.floats(-1e3, 1e3), max_size=30))
def test_a_waterfall_leads_from_the_base_to_the_sum_within_its_picture(base: float, shares: list[float]) -> None:
    named = {f"f{number}": share for number, share in enumerate(shares)}
    found = waterfall(base, named, {})
    assert found.end == pytest.approx(base + sum(shares), abs=1e-6)
    assert len(found.bars) == min(len(shares), 9)
    assert len(found.steps) == len(shares)
    for bar in found.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH + 1
        assert 0 <= bar.y < found.floor
        assert bar.x + bar.width < bar.figure_x
        assert bar.figure_x + 8 * len(figure(bar.step.contribution)) <= WIDTH, "its figure is in the picture"
    for before, after in zip(found.bars, found.bars[1:], strict=False):
        assert before.step.after == after.step.before
    assert all(0 <= tick.x <= WIDTH for tick in found.ticks)


@given(finite, st.floats(1e-3, 1e6))
def test_the_marks_of_an_axis_are_few_and_within(low: float, size: float) -> None:
    found = marks(low, low + size, 4)
    assert len(found) <= 6
    assert all(low - size * 1e-6 <= each <= low + size * (1 + 1e-6) for each in found)


def test_what_counts_most_comes_first_in_a_waterfall_and_the_rest_is_one_bar() -> None:
    found = waterfall(0.5, {f"f{number}": number / 100 for number in range(20)}, {"f19": "7"})
    assert [bar.step.feature for bar in found.bars][:2] == ["f19", "f18"]
    assert found.bars[0].step.value == "7"
    assert found.bars[-1].step.feature == "12 others"
    assert found.bars[-1].step.contribution == pytest.approx(sum(range(12)) / 100)


def test_a_summary_has_a_dot_a_row_coloured_by_value() -> None:
    shares = [{"a": 0.5, "b": 0.1}, {"a": -0.5, "b": 0.0}]
    found = swarm(shares, [{"a": 1, "b": None}, {"a": 9, "b": 2}])
    assert found is not None
    first, second = found.bands
    assert (first.feature, first.mean, first.low, first.high) == ("a", 0.5, -0.5, 0.5)
    assert [dot.shade for dot in first.dots] == [0, 4]
    assert first.dots[0].x > found.zero_x > first.dots[1].x
    assert second.mean == pytest.approx(0.05)
    assert swarm([], []) is None


def test_of_many_rows_some_are_drawn_and_dots_of_one_place_do_not_hide_each_other() -> None:
    found = swarm([{"a": 1.0}] * 1000, [{"a": 1}] * 1000)
    assert found is not None
    assert (found.drawn, found.rows) == (250, 1000)
    assert len({dot.y for dot in found.bands[0].dots}) > 8


def prediction(label: str, share: float, **more: Any) -> dict[str, Any]:
    return {"predicted_class": label, "probabilities": {"x": share, "y": 1 - share}, **more}


def shown(*predictions: Any, label: str = "", rows: tuple[Any, ...] = ((1.0, 2.0),), **more: Any) -> Any:
    return outcome(
        json.dumps({"predictions": list(predictions), **more}).encode(),
        content_type="application/json", variant="v", seconds=0.012, rows=rows, description=DESCRIPTION, label=label,
    )  # fmt: skip


def shap(link: str = "identity") -> dict[str, Any]:
    return {"link": link, "method": "exact", "base_values": {"y": 0.5}, "values": {"y": {"a": 0.3, "b": -0.1}}}


def test_the_class_that_is_asked_for_is_explained_else_the_predicted_one() -> None:
    both = {**shap(), "base_values": {"x": 0.5, "y": 0.5}, "values": {"x": {"a": -0.3}, "y": {"a": 0.3}}}
    for label, expected in (("", "y"), ("x", "x"), ("nonsense", "y")):
        found = shown(prediction("y", 0.3, explanation={"shap": both}), label=label)
        assert (found.explained.label, found.explained.scale) == (expected, "probability")
    assert found.explained.picture.steps[0].value == "1"


def test_a_model_of_two_classes_that_explains_one_explains_the_other_by_its_negative() -> None:
    found = shown(prediction("x", 0.7, explanation={"shap": shap("logistic")}), label="x").explained
    assert found.picture.base == -0.5
    assert {step.feature: step.contribution for step in found.picture.steps} == {"a": -0.3, "b": 0.1}
    assert found.scale == "raw score (log-odds)"


def test_who_answered_is_what_the_answer_itself_says() -> None:
    found = shown(prediction("x", 0.7), model={"name": "other", "version": "9"})
    assert (found.model, found.version, found.milliseconds) == ("other", "9", 12)
    assert (shown(prediction("x", 0.7)).model, shown(prediction("x", 0.7)).version) == ("m", "1")


@pytest.mark.parametrize(
    "body", [b"text", b"\xff", b"[]", b'{"predictions": []}', b'{"predictions": [1]}', b'{"predictions": [{}]}']
)
def test_an_answer_of_another_form_is_shown_as_it_came(body: bytes) -> None:
    found = outcome(
        body, content_type="x", variant=None, seconds=0, rows=((1.0, 2.0),), description=DESCRIPTION, label=""
    )
    assert found.found is None
    assert found.explained is None
    assert found.raw


def test_parts_that_are_not_available_say_why() -> None:
    (row,) = shown({"predicted_value": 3.5, "explanation": {"shap": {"unavailable": "no trees"}}}).found.rows
    assert (row.said, row.missing) == ("3.5", {"shap": "no trees"})


def test_two_models_disagree_in_words_and_the_rows_that_differ_most_come_first() -> None:
    first = answered({"predictions": [prediction("x", 0.9), prediction("x", 0.6), prediction("y", 0.1)]})
    second = answered({"predictions": [prediction("x", 0.8), prediction("y", 0.2), prediction("y", 0.1)]})
    assert first is not None
    assert second is not None
    found = compared(first, second, ("old", "new"))
    assert found is not None
    assert (found.differing, found.verdict) == (1, "They answer 1 of 3 rows differently.")
    assert [each.row for each in found.rows] == [1, 0, 2]
    assert found.rows[0].distance == pytest.approx(0.4)
    one = [answered({"predictions": [each]}) for each in (prediction("x", 0.9), prediction("y", 0.2))]
    assert one[0] is not None
    assert one[1] is not None
    single = compared(one[0], one[1], ("old", "new"))
    assert single is not None
    assert single.verdict == "They disagree: old says x (90%), new says y (80%)."
    assert compared(first, one[0], ("old", "new")) is None


HOSTILE = """{"x": "'; rm -rf / #$(id)`id`"}"""


def test_a_request_to_copy_is_quoted_whatever_the_body_is() -> None:
    made = snippets(Request("e", "us-east-1", "ns", "iris", HOSTILE, attributes="a=';id", variant="v", model="m"))
    kubectl, aws, boto3, curl = (each.text for each in made)
    for text in (kubectl, aws, curl):
        first, _, rest = text.partition(" > body\n")
        assert shlex.split(first) == ["printf", "%s", HOSTILE]
        assert "a=';id" in " ".join(shlex.split(rest))
    assert shlex.split(aws.splitlines()[1])[:3] == ["aws", "sagemaker-runtime", "invoke-endpoint"]
    compile(boto3, "boto3", "exec")
    assert repr(HOSTILE) in boto3
    assert "body" in snippets(Request("e", "r", "n", "o", "x" * 5000))[0].text
