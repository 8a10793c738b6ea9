"""`experiments`, `experiment`: how A/B tests are shown and reported."""

import re
from pathlib import Path
from typing import Any

import yaml

from smclient.cli.completion import completions
from smclient.views.advice import advice
from smclient.views.experiments import experiment_view
from smsandbox.testing.experiment_cases import HERE, experiment
from smsandbox.testing.html_page import Page
from smsandbox.testing.json_server import JsonServer

HOSTILE = '</title><script>alert(1)</script>\x1b[2J"'


# the list


def test_the_list_has_the_columns_of_kubectl_and_more_when_wide(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", HERE] = {"items": [experiment("SHIP"), experiment()], "metadata": {}}
    ran = smendpoint("experiments")
    heads, *rows = [re.split(r"\s{2,}", line) for line in ran.out.splitlines()]
    assert heads == ["NAME", "STATUS", "VERDICT", "PRIMARY", "REQUESTS", "AGE"]
    assert rows[0][:5] == ["ab", "Finished", "SHIP", "2.1% → 1.4%", "6000"]
    assert rows[1][:5] == ["ab", "Waiting", "-", "-", "-"]
    wide = smendpoint("experiments", "-o", "wide").out
    assert wide.splitlines()[0].split()[-3:] == ["INTERVAL", "ENDPOINT", "MESSAGE"]
    assert "-1.1 to -0.29 points" in wide
    assert smendpoint("experiments", "-o", "name").out.splitlines()[0] == "sagemakerexperiment.smendpoints.dev/ab"
    shown_ = smendpoint("experiments", "-o", "json").json()
    assert [each.get("verdict") for each in shown_] == ["SHIP", None]
    assert yaml.safe_load(smendpoint("experiments", "-o", "yaml").out)[0]["requests"] == 6000


def test_all_namespaces_are_one_request_and_a_column(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", "/apis/smendpoints.dev/v1alpha1/sagemakerexperiments"] = {
        "items": [experiment("HOLD")],
        "metadata": {},
    }
    assert smendpoint("experiments", "-A").out.splitlines()[1].split()[:3] == ["ml", "ab", "Running"]


def test_none_an_older_operator_and_a_missing_right_are_each_told(server: JsonServer, smendpoint: Any) -> None:
    old = smendpoint("experiments")
    assert (old.code, "older than this" in old.err) == (1, True)
    server.answers["GET", HERE] = {"items": [], "metadata": {}}
    assert smendpoint("experiments").err == "No SageMakerExperiments found in the namespace ml.\n"
    server.answers["GET", HERE] = (403, {"message": "forbidden"})
    assert "you may not list sagemakerexperiments" in smendpoint("experiments").err


def test_names_of_experiments_are_completed(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", HERE] = {"items": [experiment()], "metadata": {}}
    for verb in ("experiment", "promote"):
        assert completions([verb], "a") == ["ab", ":4"]
    assert completions(["experiment"], "z") == [":4"]


# one experiment


def test_one_is_a_tree_of_arms_metrics_split_and_what_to_do(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment("HOLD", message="gb: not decided yet; until 2026-12-10")
    said = smendpoint("experiment", "ab").out
    assert "ml/ab  Running" in said
    assert re.search(r"control rf .*50% of the arms' traffic", said)
    assert re.search(r"challenger gb .*50% of the arms' traffic", said)
    assert re.search(
        r"slow \(primary\) +2\.1% +1\.4% +-0\.7 +-1\.1 to -0\.29 points +0\.5 points +900 +not decided", said
    )
    assert re.search(r"errors +2\.1% +1\.4% +-0\.7 +-0\.4 to \+0\.1 points +0\.25 points", said)
    assert "split check: " in said
    assert "what to do: Wait, and look as often as you like" in said
    assert "LOOK" not in said


def spending() -> dict[str, Any]:
    """One whose primary metric is a mean that is known later."""
    outcome = {"truth": "s3://shop-truth/spent/", "afterMinutes": 60, "type": "Mean"}
    found = experiment("HOLD", metrics={"primary": {"name": "spent", "better": "Higher", "outcome": outcome}})
    for arm, number in zip(found["status"]["arms"], (4100, 1900), strict=True):
        arm["requests"] = number
    until = "2026-11-26T03:00:00Z"
    known = {"control": 12.345, "challenger": 13.5, "difference": 1.155, "lower": 0.25, "upper": 2.1}
    found["status"]["challengers"][0]["metrics"] = [
        {"metric": "spent", **known, "requests": 1700, "countedUntil": until}
    ]
    return found


def test_a_mean_is_told_in_its_own_unit_with_its_source_and_until_when_it_counts(
    server: JsonServer, smendpoint: Any
) -> None:
    server.answers["GET", f"{HERE}/ab"] = spending()
    said = smendpoint("experiment", "ab").out
    assert re.search(r"control rf .* 4,100 requests", said)
    assert re.search(r"challenger gb .* 1,900 requests", said)
    assert re.search(r"spent \(primary\) +12\.35 +13\.5 +\+1\.16 +\+0\.25 to \+2\.1 +- +1,700", said)
    source = "mean of what was told below s3://shop-truth/spent/, 60 minutes on; requests until 2026-11-26 03:00Z count"
    assert f"spent: {source}" in said
    drawn = smendpoint("experiment", "ab", "-o", "html").out
    assert source in drawn
    assert "<td>4,100</td>" in drawn
    assert "-0.007 to" not in drawn, "looks are in the unit, too"
    told = smendpoint("experiment", "ab", "-o", "json").json()
    assert told["challengers"][0]["metrics"][0]["control"] == 12.345
    assert [arm["requests"] for arm in told["arms"]] == [4100, 1900]


def test_one_that_is_not_there_is_told_with_those_that_are(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", HERE] = {"items": [experiment()], "metadata": {}}
    ran = smendpoint("experiment", "nope")
    assert ran.err.startswith("error: there is no SageMakerExperiment nope in the namespace ml\nIn ml there are: ab")


def test_each_end_says_what_to_do_next() -> None:
    def said(verdict: Any, **how: Any) -> str:
        return advice(experiment_view(experiment(verdict, **how)))

    assert "kubectl smendpoint promote ab -n ml" in said("SHIP")
    assert "gb serves all" in said("SHIP")
    assert "serves all" not in said("SHIP", shifts=False)
    assert "Keep rf: take gb out of the spec of iris" in said("ROLLBACK")
    assert "make a new one" in said("INVALID")
    assert "No difference was shown" in said("INCONCLUSIVE")
    assert "Wait for it to begin" in said(None)
    leaving = experiment("HOLD")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-26T01:00:00Z"
    assert advice(experiment_view(leaving)).startswith("Nothing: it goes")


def test_a_report_goes_to_a_file_in_each_form(server: JsonServer, smendpoint: Any, tmp_path: Path) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment("SHIP")
    for form in ("text", "json", "yaml", "html"):
        path = tmp_path / f"report.{form}"
        assert smendpoint("experiment", "ab", "-o", form, str(path)).code == 0
        assert path.read_text(encoding="utf-8").rstrip("\n") == smendpoint("experiment", "ab", "-o", form).out.rstrip(
            "\n"
        )
    text = (tmp_path / "report.text").read_text(encoding="utf-8")
    assert text.count("points") > 30, "every look is in it"
    assert "\x1b" not in text
    assert smendpoint("experiment", "ab", str(tmp_path / "x")).code == 2
    refused = smendpoint("experiment", "ab", "-o", "html", str(tmp_path / "no" / "x"))
    assert (refused.code, "can't be written" in refused.err) == (1, True)


def test_the_page_is_whole_alone_and_strict(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment("SHIP")
    written = smendpoint("experiment", "ab", "-o", "html").out
    page = Page(written)
    assert page.open == []
    assert page.tags.count("svg") == 1
    assert page.tags.count("polygon") == 1
    assert not {"script", "link", "img", "iframe"} & {*page.tags}
    names = {name for name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")} | ({"style", "src", "href"} & names)
    (policy,) = [value for name, value in page.attributes if name == "content" and "default-src" in str(value)]
    assert re.fullmatch(r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='", str(policy))
    said = " ".join(page.texts)
    for what in ("SHIP", "rf", "gb", "-1.1 to -0.29 points", "promote ab", "Split check"):
        assert what in said
    assert page.texts.count("2026-11-26 05:00Z") >= 2, "the last look and the end"


def test_what_others_wrote_is_text_in_every_form(server: JsonServer, smendpoint: Any) -> None:
    found = experiment("SHIP", message=HOSTILE)
    found["metadata"]["name"] = HOSTILE
    found["spec"]["endpointRef"]["name"] = HOSTILE
    found["spec"]["metrics"]["primary"]["name"] = HOSTILE
    found["status"]["challengers"][0]["reason"] = HOSTILE
    found["status"]["challengers"][0]["metrics"][0]["metric"] = HOSTILE
    server.answers["GET", f"{HERE}/ab"] = found
    page = Page(smendpoint("experiment", "ab", "-o", "html").out)
    assert page.open == []
    assert "script" not in page.tags
    assert "<script>" in "".join(page.texts)
    for form in ("text", "html", "json", "yaml"):
        assert "\x1b" not in smendpoint("experiment", "ab", "-o", form).out
    assert "\x1b" not in smendpoint("experiment", "ab").out


def test_before_anything_is_known_the_page_has_no_picture(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/ab"] = experiment()
    page = Page(smendpoint("experiment", "ab", "-o", "html").out)
    assert "svg" not in page.tags
    assert "no look yet" in " ".join(page.texts)
