"""The Playground in a browser, over the API server, the operator, AWS's simulator and real containers."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from smsandbox import assets
from smsandbox.testing.browser import Reader, reading
from smsandbox.testing.console_command import console
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
def reader(browser: Browser, served: Stage) -> Iterator[Reader]:
    """Somebody who has opened the link that `kubectl smendpoint console` prints."""
    with console(served.cloud.world.client_environment(), served.namespace) as link, reading(browser) as made:
        made.page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        made.opens(link)
        yield made
        expect.set_options(timeout=5_000)


def test_one_asks_a_model_why_and_what_would_change_its_mind(served: Stage, reader: Reader, tmp_path: Path) -> None:
    page = reader.page
    page.get_by_role("link", name="Playground").click()
    page.get_by_role("link", name=f"iris {served.namespace}").click()
    answer = page.locator("#answer")
    expect(answer.get_by_role("heading", name="versicolor")).to_be_visible()
    expect(answer.get_by_role("img", name=re.compile("Waterfall of the .* of versicolor"))).to_be_visible()
    expect(answer.get_by_text(re.compile(r"Measured: of rows that training had not seen, \d"))).to_be_visible()
    assert reader.violations() == []

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
    expect(answer).to_contain_text("Outside of the training data: petal length (cm)")

    # Side by side.
    page.get_by_label("Compare with").select_option("variant gradient-boosting")
    expect(answer.get_by_role("heading", name="Differences between the answers")).to_be_visible()
    expect(answer).to_contain_text("model gradient-boosting")
    assert reader.violations() == []

    # A file: whom one asked is kept from tab to tab.
    page.get_by_role("link", name="File").click()
    expect(page.get_by_label("Compare with")).to_have_value("variant:gradient-boosting")
    page.get_by_label("Compare with").select_option("nothing")
    (tmp_path / "rows.csv").write_text(CSV)
    page.get_by_label("File, CSV or JSON").set_input_files(tmp_path / "rows.csv")
    page.get_by_role("button", name="Send").click()
    expect(answer.get_by_role("heading", name="2 rows")).to_be_visible()
    expect(answer.get_by_role("img", name=re.compile("Contributions to setosa"))).to_be_visible()
    expect(answer.get_by_role("row", name=re.compile("1 setosa"))).to_be_visible()
    expect(answer.get_by_role("row", name=re.compile("2 virginica"))).to_be_visible()
    assert reader.violations() == []

    # The request, to copy: each way of it gives the answer that the page has.
    page.get_by_text("Copy this request").click()
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
    page.get_by_role("button", name="Send").click()
    expect(answer.get_by_role("alert")).to_contain_text("expected a number")
    page.get_by_label("Body").fill("5.1,3.5,1.4,0.2")
    page.get_by_role("button", name="Send").click()
    expect(answer.get_by_role("heading", name="setosa")).to_be_visible()
