"""The Playground's pages over an AWS of a few lines: what is shown of which answer. Real models are in integration."""

import io
import json
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import expect

from smclient.errors import AWSError
from smsandbox.testing.browser import Reader
from smsandbox.testing.console import Objects, Served
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
        self.held: dict[float, threading.Event] = {}  # by the first feature: not answered before that is set

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
        if rows and (held := self.held.get(rows[0][0])) is not None:
            held.wait(60)
            share = 1 - share
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
def aws(models: Models) -> Models:
    return models


@pytest.fixture
def objects() -> Objects:
    """Two endpoints of our container, one that is not there yet, and one of another container."""
    young = {**an_endpoint("young"), "status": {}}
    foreign = an_endpoint("foreign", image="1.dkr.ecr.r.amazonaws.com/own:1")
    made = Objects()
    made.put(an_endpoint(), an_endpoint("other"), young, foreign)
    return made


@pytest.fixture
def ask(client: FlaskClient) -> Callable[..., Any]:
    """Send the form as htmx does; the part of the page that comes back."""
    with client.session_transaction() as session:
        token = str(session["csrf"])

    def sent(path: str = PLAYGROUND, **fields: Any) -> Any:
        given = {"csrf": token, "input": "form", "f.length": "2", f"f.{MARKUP}": "3", **fields}
        headers = {"HX-Request": "true"} if given.pop("script", True) else {}
        return client.post(f"{path}ask", data=given, headers=headers)

    return sent


def test_one_chooses_an_endpoint(client: FlaskClient) -> None:
    page = client.get("/playground/").text
    assert 'href="/playground/ml/iris/"' in page
    assert 'href="/playground/ml/other/"' in page
    assert client.get("/playground/ml/absent/").status_code == 404


def test_the_form_has_the_features_with_the_ranges_of_training(client: FlaskClient) -> None:
    page = client.get(PLAYGROUND).text
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
    assert "Outside of the training data: length." in ask(**{"f.length": "9"}).text
    assert "Outside" not in ask(**{"f.length": "5"}).text


def test_two_variants_are_asked_side_by_side_and_told_apart(ask: Any, models: Models) -> None:
    page = ask(variant="v1", versus="variant:v2").text
    assert "They disagree: iris/v1 says yes (80%), iris/v2 says &lt;script&gt;" in page
    assert "Differences between the answers" in page
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
    assert "Contributions to yes, over 2 rows" in page
    assert "Not sent, as they are no features of the model: species." in page
    assert MARKUP not in page


def test_more_rows_than_are_explained_are_answered_and_told_so(ask: Any, models: Models) -> None:
    page = ask(input="file", text="1,2\n" * 4).text
    assert "Not explained: these are 4 rows, and the model explains 3 at once." in page
    assert "CustomAttributes" not in models.asked[-1]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"f.length": "<b>x</b>"}, "The value of length: &#34;&lt;b&gt;x&lt;/b&gt;&#34; is no number"),
        ({"f.length": ""}, "The value of length: there is no value"),
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


def test_what_aws_refuses_is_told_beside_what_the_other_answered(ask: Any, models: Models, client: FlaskClient) -> None:
    client.get(PLAYGROUND)
    models.refuses = AWSError(f"the model refused {MARKUP}", "look at its log")
    page = ask().text
    assert "The model refused &lt;script&gt;" in page
    assert "Look at its log." in page


def test_another_container_is_not_asked_unless_one_says_so(client: FlaskClient, ask: Any, models: Models) -> None:
    models.describes = False
    page = client.get("/playground/ml/foreign/").text
    assert models.asked == []
    assert "The model has not been described yet." in page
    assert 'name="input" value="raw"' in page
    page = client.get("/playground/ml/foreign/?describe").text
    assert len(models.asked) == 1
    assert "This model does not describe itself." in page
    reply = ask("/playground/ml/foreign/", input="raw", text="a,b", type="text/csv", attributes="x=1")
    sent = models.asked[-1]
    assert (sent["Body"], sent["ContentType"], sent["CustomAttributes"]) == (b"a,b", "text/csv", "x=1")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in reply.text
    assert MARKUP not in reply.text
    assert "Raw answer, text/html" in reply.text


def test_an_endpoint_that_is_not_there_yet_says_so(client: FlaskClient, models: Models) -> None:
    assert "The endpoint does not serve requests at the moment." in client.get("/playground/ml/young/").text
    assert models.asked == []


def test_without_a_script_the_whole_page_comes_with_the_answer(ask: Any) -> None:
    page = ask(script=False, **{"f.length": "2.5"}).text
    assert "<!doctype html>" in page
    assert "<svg" in page
    assert 'value="2.5"' in page


def test_an_answer_of_before_is_not_believed_once_the_endpoint_has_another_config(
    client: FlaskClient, models: Models, objects: Objects
) -> None:
    client.get(PLAYGROUND)
    client.get(PLAYGROUND)
    assert len(models.asked) == 1
    moved = an_endpoint()
    moved["status"]["endpoint"]["configName"] = "d"
    objects.put(moved)
    models.features = ["girth", "height"]
    until(lambda: "girth" in client.get(PLAYGROUND).text)
    assert len(models.asked) == 2


def test_what_is_asked_lives_in_the_address_and_what_may_be_private_does_not(
    reader: Reader, console: Served, models: Models, objects: Objects
) -> None:
    models.features = ["petal length (cm)", "a&b=c"]
    page = reader.opens(console.link, PLAYGROUND)
    answer = page.locator("#answer")
    expect(answer.get_by_role("heading", name="yes")).to_be_visible()
    page.get_by_role("spinbutton", name="petal length (cm)").fill("4.5")
    page.get_by_role("spinbutton", name="a&b=c").fill("-3")
    page.get_by_label("Compare with").select_option("variant v2")
    page.get_by_label("Prediction set").select_option("95 %")
    expect(answer.get_by_role("heading", name="Differences between the answers")).to_be_visible()
    kept = page.url
    assert parse_qs(urlsplit(kept).query) == {
        "input": ["form"],
        "f.petal length (cm)": ["4.5"],
        "f.a&b=c": ["-3"],
        "versus": ["variant:v2"],
        "level": ["0.95"],
    }
    models.features = ["a&b=c", "new", "petal length (cm)"]  # by their names, wherever they stand by now
    moved = an_endpoint()
    moved["status"]["endpoint"]["configName"] = "d"
    objects.put(moved)

    def seen() -> bool:
        found = console.backend.endpoint("ml", "iris").value
        return found is not None and found["status"]["endpoint"]["configName"] == "d"

    until(seen)
    page.goto(kept)
    expect(answer.get_by_role("heading", name="Differences between the answers")).to_be_visible()
    expect(page.get_by_role("slider", name="petal length (cm), slider")).to_have_count(0)
    expect(page.get_by_label("Prediction set")).to_have_value("0.95")
    assert {json.loads(each["Body"])["instances"][0][::2] == [-3.0, 4.5] for each in models.asked[-2:]} == {True}

    page.get_by_role("link", name="Raw request").click()
    page.get_by_label("Body").fill("secret,rows")
    page.get_by_label("Custom attributes").fill("token=secret")
    page.get_by_role("button", name="Send").click()
    expect(answer.get_by_text("Raw answer, text/html").first).to_be_visible()
    assert "versus=variant" in page.url
    assert "secret" not in page.url
    assert reader.violations() == [], "a raw request"
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(kept)
    expect(answer.get_by_role("heading", name="Differences between the answers")).to_be_visible()
    assert reader.violations() == [], "side by side on a phone"
    page.get_by_role("link", name="File").click()
    expect(page.get_by_label("File, CSV or JSON")).to_be_visible()
    assert reader.violations() == [], "a file on a phone"


def test_an_address_grows_no_longer_than_servers_take(reader: Reader, console: Served, models: Models) -> None:
    models.features = [f"feature {number} {'x' * 400}" for number in range(30)]
    page = reader.opens(console.link, PLAYGROUND)
    expect(page.locator("#answer").get_by_role("heading", name="yes")).to_be_visible()
    assert page.url.endswith("?input=form&level=0.9")


def test_a_newer_question_cancels_the_one_before_whose_answer_comes_late(
    reader: Reader, console: Served, models: Models
) -> None:
    models.features = ["length", "width"]
    page = reader.opens(console.link, PLAYGROUND)
    answer, length = page.locator("#answer"), page.get_by_role("spinbutton", name="length")
    expect(answer.get_by_role("heading", name="yes")).to_be_visible()
    models.held[4.0] = threading.Event()
    length.fill("4")
    until(lambda: any(json.loads(each["Body"])["instances"][:1] == [[4.0, 0.0]] for each in models.asked))
    with page.expect_event("requestfailed", lambda failed: failed.url.endswith("/ask")):
        length.fill("3")
    expect(page).to_have_url(re.compile(r"f\.length=3"))  # it is that of the answer shown
    expect(answer.get_by_text("80.0 %")).to_be_visible()
    models.held[4.0].set()
