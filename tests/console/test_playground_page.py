"""The Playground's pages over an AWS of a few lines: what is shown of which answer. Real models are in integration."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from smclient.console.app import create_app
from smclient.errors import AWSError
from smsandbox.testing.console import Objects, backend_over
from smsandbox.testing.live import until

MARKUP = "<script>alert(1)</script>"
PLAYGROUND = "/playground/ml/iris/"


class Models:
    """AWS's runtime, and the models behind it: what each variant says of itself, and of rows."""

    region = "us-east-1"

    def __init__(self) -> None:
        self.describes = True
        self.refuses: AWSError | None = None
        self.asked: list[dict[str, Any]] = []
        self.features = ["length", MARKUP]
        self.shares = {"v1": 0.8, "v2": 0.3, None: 0.8}

    def client(self, service: str, **_: Any) -> Any:
        assert service == "sagemaker-runtime"
        return self

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if self.refuses is not None:
            raise self.refuses
        if request.get("CustomAttributes") == "describe=true" and self.describes:
            return self._answer(request, self._description())
        try:
            rows = json.loads(request["Body"])["instances"]
        except ValueError:
            return {**self._answer(request, None), "Body": io.BytesIO(MARKUP.encode()), "ContentType": "text/html"}
        share = self.shares[request.get("TargetVariant")]
        return self._answer(request, {"predictions": [self._predicted(share)] * len(rows)})

    def _answer(self, request: dict[str, Any], document: Any) -> dict[str, Any]:
        body = io.BytesIO(json.dumps(document).encode())
        variant = request.get("TargetVariant") or "v1"
        return {"Body": body, "ContentType": "application/json", "InvokedProductionVariant": variant}

    def _description(self) -> dict[str, Any]:
        ranges = {self.features[0]: {"min": 1.0, "max": 5.0, "mean": 2.0}}
        levels = [{"level": 0.9, "measured_coverage": 0.906}, {"level": 0.95}]
        return {
            "schema": "smendpoints.dev/description/v1",
            "model": MARKUP,
            "version": "abc",
            "description": {
                "features": [{"name": name} for name in self.features],
                "classes": ["yes", MARKUP],
                "outputs": "probabilities",
                "conformal": {"levels": levels},
            },
            "baseline": {"features": ranges},
            "explanations": ["set", "disagreement", "shap"],
            "limits": {"rows": 100, "rows_with_explanations": 3},
        }

    def _predicted(self, share: float) -> dict[str, Any]:
        values = dict.fromkeys(self.features, 0.1)
        return {
            "predicted_class": "yes" if share > 0.5 else MARKUP,
            "probabilities": {"yes": share, MARKUP: 1 - share},
            "explanation": {
                "prediction_set": {"classes": ["yes"], "level": 0.9, "method": "conformal", "measured_coverage": 0.906},
                "tree_disagreement": {"unavailable": f"no forest {MARKUP}"},
                "shap": {
                    "link": "identity", "method": "exact",
                    "base_values": {"yes": 0.5, MARKUP: 0.5}, "values": {"yes": values, MARKUP: values},
                },
            },
        }  # fmt: skip


def an_endpoint(name: str = "iris", image: str = "1.dkr.ecr.r.amazonaws.com/sklearn-inference:1", **spec: Any) -> Any:
    variants = [{"name": each, "image": image} for each in ("v1", "v2")]
    return {
        "metadata": {"namespace": "ml", "name": name, "uid": name, "generation": 1},
        "spec": {"variants": variants, **spec},
        "status": {"endpoint": {"name": f"ml-{name}", "status": "InService", "configName": "c"}},
    }


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
def pages(objects: Objects, models: Models) -> Iterator[FlaskClient]:
    """A client of the console with two endpoints."""
    young = {**an_endpoint("young"), "status": {}}
    foreign = an_endpoint("foreign", image="1.dkr.ecr.r.amazonaws.com/own:1")
    objects.put(an_endpoint(), an_endpoint("other"), young, foreign)
    backend = backend_over(objects, aws=lambda _: models)
    app, tickets = create_app(backend)
    backend.start()
    backend.endpoints()
    made = app.test_client()
    assert made.get("/", query_string={"token": tickets.issue()}).status_code == 303
    yield made
    backend.stop()


@pytest.fixture
def ask(pages: FlaskClient) -> Callable[..., Any]:
    """Send the form as htmx does; the part of the page that comes back."""
    with pages.session_transaction() as session:
        token = str(session["csrf"])

    def sent(path: str = PLAYGROUND, **fields: Any) -> Any:
        given = {"csrf": token, "input": "form", "f0": "2", "f1": "3", **fields}
        headers = {"HX-Request": "true"} if given.pop("script", True) else {}
        return pages.post(f"{path}ask", data=given, headers=headers)

    return sent


def test_one_chooses_an_endpoint(pages: FlaskClient) -> None:
    page = pages.get("/playground/").text
    assert 'href="/playground/ml/iris/"' in page
    assert 'href="/playground/ml/other/"' in page
    assert pages.get("/playground/ml/absent/").status_code == 404


def test_the_form_has_the_features_with_the_ranges_of_training(pages: FlaskClient) -> None:
    page = pages.get(PLAYGROUND).text
    assert '<input type="range" min="1.0" max="5.0" step="0.02" value="2"' in page
    assert "trained on 1 to 5, 2 on average" in page
    assert "90 %" in page
    assert "95 %" in page
    assert MARKUP not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3


def test_the_answer_tells_who_gave_it_how_sure_it_is_and_why(ask: Any, models: Models) -> None:
    reply = ask(level="0.95")
    assert reply.status_code == 200
    for words in (
        "variant <strong>v1</strong>",
        "80.0 %",
        "Prediction set, 90 %",
        "90.6 % had their class in the set",
        "not available: no forest",
        "Why yes: probability from 0.5 on average to 0.7",
        "<svg",
        "Contributions 1",
        "kubectl smendpoint invoke iris -n ml",
        'data-said="yes, 80%."',
    ):
        assert words in reply.text, words
    assert MARKUP not in reply.text
    assert models.asked[-1]["CustomAttributes"] == "explain=set,disagreement,shap;level=0.95"
    assert json.loads(models.asked[-1]["Body"]) == {"instances": [[2.0, 3.0]]}


def test_another_class_is_explained_on_request(ask: Any) -> None:
    assert "Why &lt;script&gt;" in ask(label=MARKUP).text


def test_a_value_outside_of_trainings_range_is_marked_a_guess(ask: Any) -> None:
    assert "Outside of what training saw: length." in ask(f0="9").text
    assert "Outside" not in ask(f0="5").text


def test_two_variants_are_asked_side_by_side_and_told_apart(ask: Any, models: Models) -> None:
    page = ask(variant="v1", versus="variant:v2").text
    assert "They disagree: iris/v1 says yes (80%), iris/v2 says &lt;script&gt;" in page
    assert "What they disagree about" in page
    assert {each.get("TargetVariant") for each in models.asked[-2:]} == {"v1", "v2"}


def test_a_variant_is_never_compared_with_itself(ask: Any, models: Models) -> None:
    ask(versus="variant:v1")
    assert {each["TargetVariant"] for each in models.asked[-2:]} == {"v1", "v2"}


def test_two_endpoints_are_asked_by_the_names_of_their_features(ask: Any, models: Models) -> None:
    assert "They agree" in ask(versus="endpoint:ml/other").text
    assert {each["EndpointName"] for each in models.asked[-2:]} == {"ml-iris", "ml-other"}
    assert ask(versus="endpoint:ml/absent").status_code == 404


def test_a_file_is_answered_row_by_row_with_a_summary(ask: Any, models: Models) -> None:
    content = f"species,{MARKUP},length\n<b>x</b>,3,2\ny,4,1\n".encode()
    page = ask(input="file", file=(io.BytesIO(content), "rows.csv")).text
    assert json.loads(models.asked[-1]["Body"]) == {"instances": [[2.0, 3.0], [1.0, 4.0]]}
    assert "2 rows" in page
    assert "What counts for yes, over 2 rows" in page
    assert "Not sent, as they are no features of the model: species." in page
    assert MARKUP not in page


def test_more_rows_than_are_explained_are_answered_and_told_so(ask: Any, models: Models) -> None:
    page = ask(input="file", text="1,2\n" * 4).text
    assert "Not explained: these are 4 rows, and the model explains 3 at once." in page
    assert "CustomAttributes" not in models.asked[-1]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"f0": "<b>x</b>"}, "The value of length: &#34;&lt;b&gt;x&lt;/b&gt;&#34; is no number"),
        ({"f0": ""}, "The value of length: there is no value"),
        ({"input": "file"}, "There is no file, and no text"),
        ({"input": "file", "text": "1\n"}, "Row 1 has 1 values, the model takes 2"),
        ({"variant": MARKUP}, "has no variant &lt;script&gt;"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_sentence(ask: Any, fields: dict[str, str], words: str) -> None:
    page = ask(**fields).text
    assert words in page
    assert 'role="alert"' in page
    assert MARKUP not in page


def test_what_aws_refuses_is_told_beside_what_the_other_answered(ask: Any, models: Models, pages: FlaskClient) -> None:
    pages.get(PLAYGROUND)
    models.refuses = AWSError(f"the model refused {MARKUP}", "look at its log")
    page = ask().text
    assert "The model refused &lt;script&gt;" in page
    assert "Look at its log." in page


def test_another_container_is_not_asked_unless_one_says_so(pages: FlaskClient, ask: Any, models: Models) -> None:
    models.describes = False
    page = pages.get("/playground/ml/foreign/").text
    assert models.asked == []
    assert "Nothing is known of this model yet." in page
    assert 'name="input" value="raw"' in page
    page = pages.get("/playground/ml/foreign/?describe").text
    assert len(models.asked) == 1
    assert "This model does not describe itself." in page
    reply = ask("/playground/ml/foreign/", input="raw", text="a,b", type="text/csv", attributes="x=1")
    sent = models.asked[-1]
    assert (sent["Body"], sent["ContentType"], sent["CustomAttributes"]) == (b"a,b", "text/csv", "x=1")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in reply.text
    assert MARKUP not in reply.text
    assert "As it came, text/html" in reply.text


def test_an_endpoint_that_is_not_there_yet_says_so(pages: FlaskClient, models: Models) -> None:
    assert "It does not answer now." in pages.get("/playground/ml/young/").text
    assert models.asked == []


def test_without_a_script_the_whole_page_comes_with_the_answer(ask: Any) -> None:
    page = ask(script=False, f0="2.5").text
    assert "<!doctype html>" in page
    assert "<svg" in page
    assert 'value="2.5"' in page


def test_an_answer_of_before_is_not_believed_once_the_endpoint_has_another_config(
    pages: FlaskClient, models: Models, objects: Objects
) -> None:
    pages.get(PLAYGROUND)
    pages.get(PLAYGROUND)
    assert len(models.asked) == 1
    moved = an_endpoint()
    moved["status"]["endpoint"]["configName"] = "d"
    objects.put(moved)
    models.features = ["girth", "height"]
    until(lambda: "girth" in pages.get(PLAYGROUND).text)
    assert len(models.asked) == 2
