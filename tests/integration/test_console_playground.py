"""The Playground in a browser, over the API server, the operator, AWS's simulator and real containers."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from smsandbox import assets
from smsandbox.testing.specs import spec
from smsandbox.testing.stage import Stage

MODELS = ("random-forest", "gradient-boosting")
CSV = "petal width (cm),note,petal length (cm),sepal width (cm),sepal length (cm)\n0.2,<b>x</b>,1.4,3.5,5.1\n2.3,y,5.2,3,6.7\n"
PATIENCE = 60_000


@pytest.fixture
def served(stage: Stage, tmp_path: Path) -> Stage:
    """Both models as variants of the endpoint `iris`, in service."""
    environment = stage.cloud.world.client_environment()
    assets.run(assets.push_command(), environment)
    stage.cloud.simulator.change(containers=True)
    variants = []
    for model in MODELS:
        made = assets.run(assets.training_command(tmp_path / model, model=model, splits=1), environment)
        instance = {"type": "ml.m5.large", "count": 1}
        variants.append(
            {"name": model, "image": assets.IMAGE, "modelArtifact": made.split()[-1], "weight": 1, "instance": instance}
        )
    stage.apply("iris", spec(variants=variants))
    stage.ready("iris")
    return stage


@pytest.fixture
def link(served: Stage) -> Iterator[str]:
    """The link that `kubectl smendpoint console` prints."""
    command = ["kubectl", "smendpoint", "console", "--port", "0", "--no-browser", "-n", served.namespace]
    environment = served.cloud.world.client_environment()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as console:
        assert console.stdout is not None
        found = next(filter(None, (re.search(r"http://\S+", line) for line in console.stdout)))
        yield found[0]
        console.send_signal(signal.SIGINT)


@pytest.fixture
def page(browser: Browser, link: str) -> Iterator[Page]:
    """The page of the console in a browser; scripts that fail, and what the page's policy forbids, fail the test."""
    faults: list[str] = []
    with browser.new_context() as context:
        made = context.new_page()
        made.set_default_timeout(PATIENCE)
        made.on("pageerror", lambda error: faults.append(str(error)))
        made.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        made.goto(link)
        yield made
    assert faults == []


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now."""
    return [str(each["id"]) for each in Axe().run(page).response["violations"]]


def test_one_asks_a_model_why_and_what_would_change_its_mind(served: Stage, page: Page, tmp_path: Path) -> None:
    expect.set_options(timeout=PATIENCE)
    page.get_by_role("link", name="Playground").click()
    page.get_by_role("link", name=f"iris {served.namespace}").click()
    answer = page.locator("#answer")
    expect(answer.get_by_role("heading", name="versicolor")).to_be_visible()
    expect(answer.get_by_role("img", name=re.compile("Waterfall of the .* of versicolor"))).to_be_visible()
    expect(answer.get_by_text(re.compile(r"Measured: of rows that training had not seen, \d"))).to_be_visible()
    assert violations(page) == []

    # What if: by the keyboard alone, from the slider.
    page.get_by_label("Variant").select_option("random-forest")
    slider = page.get_by_role("slider", name="petal width (cm), slider")
    slider.focus()
    page.keyboard.press("End")
    expect(page.get_by_label("petal width (cm)", exact=True)).to_have_value("2.5")
    slider = page.get_by_role("slider", name="petal length (cm), slider")
    slider.focus()
    page.keyboard.press("End")
    expect(answer.get_by_role("heading", name="virginica")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="virginica")).to_be_attached()
    expect(slider).to_be_focused()
    expect(answer).to_contain_text("model random-forest")
    page.get_by_label("Explain").select_option("setosa")
    expect(answer.get_by_role("img", name=re.compile("Waterfall of the probability of setosa"))).to_be_visible()
    page.get_by_label("petal length (cm)", exact=True).fill("99")
    expect(answer).to_contain_text("Outside of what training saw: petal length (cm)")

    # Side by side.
    page.get_by_label("Beside it").select_option("variant gradient-boosting")
    expect(answer.get_by_role("heading", name="What they disagree about")).to_be_visible()
    expect(answer).to_contain_text("model gradient-boosting")
    assert violations(page) == []

    # A file.
    page.get_by_role("link", name="File").click()
    (tmp_path / "rows.csv").write_text(CSV)
    page.get_by_label("File, CSV or JSON").set_input_files(tmp_path / "rows.csv")
    page.get_by_role("button", name="Ask").click()
    expect(answer.get_by_role("heading", name="2 rows")).to_be_visible()
    expect(answer.get_by_role("img", name=re.compile("Contributions to setosa"))).to_be_visible()
    expect(answer.get_by_role("row", name=re.compile("1 setosa"))).to_be_visible()
    expect(answer.get_by_role("row", name=re.compile("2 virginica"))).to_be_visible()
    assert violations(page) == []

    # The request, to copy: each way of it gives the answer that the page has.
    page.get_by_text("This request, to copy").click()
    environment = served.cloud.world.client_environment()
    for place, name in enumerate(("kubectl", "AWS CLI", "boto3", "curl")):
        text = page.get_by_role("region", name=f"Request for {name}").inner_text()
        (tmp_path / str(place)).mkdir()
        ran = subprocess.run(
            ["python" if name == "boto3" else "bash", "-c", text],
            cwd=tmp_path / str(place), env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert ran.returncode == 0, f"{text}{ran.stderr}"
        said = json.JSONDecoder().raw_decode(ran.stdout[ran.stdout.index('{"predictions"') :])[0]
        assert [each["predicted_class"] for each in said["predictions"]] == ["setosa", "virginica"], name
        assert "shap" in said["predictions"][0]["explanation"], name

    # A request as it is.
    page.get_by_role("link", name="Raw request").click()
    page.get_by_label("Body").fill("<b>x</b>")
    page.get_by_role("button", name="Ask").click()
    expect(answer.get_by_role("alert")).to_contain_text("expected a number")
    page.get_by_label("Body").fill("5.1,3.5,1.4,0.2")
    page.get_by_role("button", name="Ask").click()
    expect(answer.get_by_role("heading", name="setosa")).to_be_visible()
