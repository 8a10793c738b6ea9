"""The documentation: what is made of the code is fresh, links lead somewhere, and what pages say to type exists."""

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from smclient.cli.main import root as client
from smendpoints.__main__ import main as operator
from smendpoints.api.experiment_status import SageMakerExperimentStatus
from smendpoints.api.kinds import KINDS
from smendpoints.config import Config
from smendpoints.domain.experiment.saying import Said, Saying, events, shown
from smendpoints.domain.reasons import AS_IT_SHOULD, Reason
from smsandbox.__main__ import main as sandbox
from smsandbox.aws.__main__ import main as simulator
from smsandbox.recordings.states import STATES
from smsite.build import SiteError, build, lay_out, navigation
from smsite.pages import generated, stale
from smsite.samples import filled
from smtraining.__main__ import main as training

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
MADE = {*generated(), "cli.md"}
WRITTEN = [page for page in PAGES if page.relative_to(ROOT).as_posix().removeprefix("docs/") not in MADE]
PROGRAMS: dict[str, click.Command] = {
    "kubectl smendpoint": client,
    "python -m smendpoints": operator,
    "python -m smsandbox": sandbox,
    "python -m smsandbox.aws": simulator,
    "python -m smtraining": training,
}
REFERENCE = "site/reference/sagemakerendpoint.html"
FENCE = re.compile(r"^ *```(?P<kind>\w*)[^\n]*\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
NO_COMMAND = re.compile(r"^(#|$)")


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """The kind and the text of each block of code."""
    for found in FENCE.finditer(page.read_text(encoding="utf-8")):
        yield found["kind"], found["text"]


def typed(page: Path) -> Iterator[str]:
    """The command lines of a page: of `console` what stands behind a prompt, of `sh` and `bash` everything; and in prose."""
    for kind, text in blocks(page):
        lines = text.replace("\\\n", " ").splitlines()
        if kind == "console":
            yield from (line.strip().removeprefix("$ ") for line in lines if line.strip().startswith("$ "))
        elif kind in {"sh", "bash"}:
            yield from (line.strip() for line in lines if not NO_COMMAND.match(line.strip()))
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    yield from (" ".join(found.split()) for found in re.findall(r"`((?:kubectl|make|python -m) [^`]+)`", prose))


def commands(line: str) -> Iterator[list[str]]:
    """The words of each command of a line, without comments and redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    words = list(lexer)
    command: list[str] = []
    skips = False
    for word in [*words, ";"]:
        if set(word) <= set("|&;()"):
            if command:
                yield command
            command = []
        elif set(word) <= set("<>"):
            skips = True
        elif skips:
            skips = False
        else:
            command.append(word)


def refused(command: list[str]) -> str | None:
    """Why a program of ours would not take that command line; None if it would, or if it is none of ours."""
    if command[0] == "make":
        return _no_target(command[1:])
    for name, program in sorted(PROGRAMS.items(), key=lambda each: -len(each[0])):
        words = name.split()
        if command[: len(words)] == words:
            try:
                _parse(program, name, command[len(words) :], None)
            except click.exceptions.Exit:
                return None  # --help, --version
            except click.ClickException as error:
                return error.format_message()
            return None
    return None


def _parse(program: click.Command, name: str, arguments: list[str], parent: click.Context | None) -> None:
    context = click.Context(program, parent, info_name=name, **program.context_settings)
    if not isinstance(program, click.Group):
        parser = program.make_parser(context)
        parser.parse_args(list(arguments))
        return
    _, rest, _ = program.make_parser(context).parse_args(list(arguments)) if arguments else ({}, [], [])
    if rest:
        verb, below, left = program.resolve_command(context, rest)
        assert below is not None
        _parse(below, str(verb), left, context)


def _no_target(words: list[str]) -> str | None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    unknown = [word for word in words if "=" not in word and word not in targets]
    return f"no target {', '.join(unknown)}" if unknown else None


def test_what_is_made_of_the_code_is_fresh() -> None:
    assert [str(page.relative_to(ROOT)) for page in stale(DOCS)] == [], "run `make docs`"


def test_the_site_is_built_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    build(ROOT, tmp_path / "work", tmp_path / "site")
    assert "smendpoints.dev/v1alpha1" in (tmp_path / "site/start.html").read_text()
    assert (tmp_path / "site/files/manifests/samples/policy.yaml.txt").exists()
    assert "arn:aws:secretsmanager:us-east-1:123456789012:secret:" in (tmp_path / REFERENCE).read_text(), "no emoji"
    assert "<li>No Pod runs" in (tmp_path / "site/runbooks.html").read_text(), "a list right below a line of text"
    loaded = re.compile(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="https?://')
    assert [page for page in (tmp_path / "site").rglob("*.html") if loaded.search(page.read_text())] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a](nowhere.md)", "there is no nowhere.md"),
        ("![a](nowhere.png)", "there is no nowhere.png"),
        ("[a](../../outside.md)", "there is no ../../outside.md"),
        ("[a](b.md#nowhere)", "anchor does not exist"),
    ],
)
def test_a_link_that_leads_nowhere_ends_the_build(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text(f"# A\n\n{text}\n")
    (tmp_path / "docs/b.md").write_text("# B\n")
    (tmp_path / "website").mkdir()
    (tmp_path / "website/zensical.toml").write_text('[project]\nsite_name = "x"\nnav = ["index.md"]\n')
    with pytest.raises(SiteError, match=re.escape(said)):
        build(tmp_path, tmp_path / "work", tmp_path / "site")


def test_links_out_of_the_docs_hold_on_the_site_and_blocks_of_code_have_none(tmp_path: Path) -> None:
    (tmp_path / "docs/deep").mkdir(parents=True)
    (tmp_path / "some.yaml").write_text("a: 1\n")
    (tmp_path / "SECURITY.md").write_text("# S\n")
    page = "[f](../../some.yaml) [d](../..) [s](../../SECURITY.md#s) [w](https://example.com)\n```\n[a](nowhere)\n```\n"
    (tmp_path / "docs/deep/page.md").write_text(page)
    assert list(lay_out(tmp_path, tmp_path / "pages")) == []
    told = (tmp_path / "pages/deep/page.md").read_text()
    assert "[f](../files/some.yaml.txt)" in told
    assert "[s](../threat-model.md#s) [w](https://example.com)" in told
    assert "[a](nowhere)" in told
    assert (tmp_path / "pages/files/some.yaml.txt").read_text() == "a: 1\n"


def test_a_page_that_the_navigation_does_not_name_comes_at_its_end_and_one_that_is_not_there_ends_the_build(
    tmp_path: Path,
) -> None:
    for name in ("a.md", "d/1.md", "d/2.md", "new.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("# x\n")
    found = navigation(["a.md", {"D": ["d/*"]}], tmp_path)
    assert found == ["a.md", {"D": ["d/1.md", "d/2.md"]}, {"More": ["new.md"]}]
    with pytest.raises(SiteError, match=r"there is no page gone\.md"):
        navigation(["gone.md"], tmp_path)


def test_a_block_with_a_path_shows_that_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")
    assert filled('```yaml title="a.yaml"\nold\n```\n', tmp_path) == '```yaml title="a.yaml"\na: 1\n```\n'


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_manifest_of_a_page_is_read_without_loss(page: Path) -> None:
    for kind, text in blocks(page):
        if kind == "yaml" and "apiVersion: smendpoints.dev/" in text:
            for manifest in yaml.safe_load_all(text):
                _reads(manifest)


def _reads(manifest: dict[str, Any]) -> None:
    kind = next(each for each in KINDS if each.name == manifest["kind"])
    assert not _lost(manifest["spec"], kind.spec.model_validate(manifest["spec"]).to_json()), manifest


def _lost(part: Any, whole: Any) -> bool:
    """Whether something of `part` is not in `whole`: a field that the types do not know is missing."""
    match part, whole:
        case dict(), dict():
            return any(key not in whole or _lost(value, whole[key]) for key, value in part.items())
        case list(), list():
            return len(part) != len(whole) or any(map(_lost, part, whole))
        case _:
            return bool(part != whole)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_command_of_a_page_exists_with_its_options(page: Path) -> None:
    wrong = [(line, said) for line in typed(page) for each in commands(line) if (said := refused(each)) is not None]
    assert wrong == []


def test_commands_are_found_and_wrong_ones_are_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`make upp` and `kubectl smendpoint wat`\n```console\n$ kubectl smendpoint status iris --nope | cat\nmade up\n```\n"
        "```sh\n# a comment\nmake up && python -m smtraining trian > file\n```\n"
    )
    said = [refused(each) for line in typed(page) for each in commands(line)]
    assert [each is not None for each in said] == [True, False, False, True, True, True], said


def test_the_first_page_has_the_commands_that_the_sandbox_runs() -> None:
    lines = list(typed(DOCS / "start.md"))
    assert "kubectl apply -f manifests/samples/minimal.yaml" in lines
    assert "kubectl delete smendpoint iris" in lines


OF_EXPERIMENTS = "## Reasons of a SageMakerExperiment"
TABLE = re.compile(r"^\| `(?P<reason>\w+)` \|(?P<rest>.*)\|$", re.MULTILINE)


def test_each_reason_of_the_code_has_a_line_with_the_type_of_its_event() -> None:
    page = (DOCS / "reference/conditions.md").read_text().partition(OF_EXPERIMENTS)[0]
    rows = {found["reason"]: found["rest"] for found in TABLE.finditer(page.partition("## Reasons on the way")[2])}
    assert rows.keys() == {*map(str, Reason), "RolloutStep"}
    kinds = {
        reason: next(
            (kind for kind in ("Normal", "Warning", "none") if re.search(rf"\| ?{kind} \|", f"|{rest}|")), None
        )
        for reason, rest in rows.items()
    }
    assert {reason for reason, kind in kinds.items() if kind is None} == set()
    assert {reason for reason, kind in kinds.items() if kind == "Warning" and reason in AS_IT_SHOULD} == set()
    told_as_done = {"Deleted", "Retained", "ChangedInPlace", "PreflightIncomplete", "RolloutStep"}
    assert {reason for reason, kind in kinds.items() if kind == "Normal"} == {*map(str, AS_IT_SHOULD), *told_as_done}


def test_each_reason_of_an_experiment_has_a_line_with_its_conditions_and_the_type_of_its_event() -> None:
    page = (DOCS / "reference/conditions.md").read_text().partition(OF_EXPERIMENTS)[2]
    rows = {found["reason"]: [each.strip() for each in found["rest"].split("|")] for found in TABLE.finditer(page)}
    assert list(rows) == [*dict.fromkeys(rows)]
    assert rows.keys() == {*map(str, Saying)}
    for reason in Saying:
        conditions = shown(Said(reason, "a sentence"), 1, datetime.now(UTC))
        ready, *beside = conditions
        told = ", ".join(f"`{each}`" for each in (ready.status, *(each.type for each in beside)))
        (event,) = events(SageMakerExperimentStatus(), SageMakerExperimentStatus(conditions=conditions))
        assert rows[reason][:2] == [told, "Warning" if event.warning else "Normal"], reason


def test_each_condition_of_the_code_has_a_line() -> None:
    page = (DOCS / "reference/conditions.md").read_text().partition("## Reasons on the way")[0]
    made = {
        kind
        for path in (ROOT / "operator/smendpoints/domain/status").glob("*.py")
        for kind in re.findall(
            r'^[A-Z_]+ = "([A-Z]\w+)"|"(?:Ready|Reconciling|Stalled|Drifted)"', path.read_text(), re.MULTILINE
        )
        if kind and kind != "NotOwned"
    } | {"Ready", "Reconciling", "Stalled", "Drifted"}
    assert {found["reason"] for found in TABLE.finditer(page)} == made


def test_settings_annotations_metrics_and_files_that_pages_name_are_there() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("operator", "client", "sandbox", "training", "inference_container", "tests", "bench")
        for path in (ROOT / folder).rglob("*.py")
    )
    settings = {f"SMENDPOINTS_{name.upper()}" for name in Config.model_fields}
    settings |= set(re.findall(r"SMENDPOINTS_[A-Z_]+", sources))
    words = set(re.findall(r"[/}]([a-zA-Z][a-zA-Z-]+)", sources))
    metrics = (DOCS / "reference/metrics.md").read_text()
    wrong = []
    for page in (each for each in WRITTEN if each.parent.name != "decisions"):  # those tell of what was
        text = page.read_text(encoding="utf-8")
        wrong += [each for each in re.findall(r"SMENDPOINTS_[A-Z_]*[A-Z]", text) if each not in settings]
        annotations = re.findall(r"(?<![\w.])smendpoints\.dev/([a-zA-Z][a-zA-Z-]+)(?!\w)", text)
        wrong += [each for each in annotations if each not in words]
        wrong += [each for each in re.findall(r"\bsmendpoints_[a-z_]*[a-z]", text) if f"`{each}`" not in metrics]
        named = re.findall(r"`(tests/[\w./*-]+|manifests/[\w./*-]+|docs/[\w./*-]+)`", text)
        wrong += [each for each in named if not list(ROOT.glob(each.rstrip("/")))]
    assert wrong == []


def test_each_state_that_is_recorded_is_shown_and_names_no_machine() -> None:
    page = (DOCS / "states.md").read_text()
    for state in STATES:
        shown = (DOCS / "recordings" / "states" / f"{state}.txt").read_text()
        assert f'title="docs/recordings/states/{state}.txt"' in page
        assert shown.strip() in page
        assert f"kubectl describe smendpoint {state}" in shown
        assert "/container_" not in shown
