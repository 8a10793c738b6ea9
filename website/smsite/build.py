"""The site: pages are laid out in a folder of their own, and Zensical builds it.

Pages stand in `docs/` as GitHub shows them, with links to files beside them (`../manifests/…`). On the site such files
are copied to `files/`, and the link goes there. Zensical checks links between pages and their anchors; what it does not
look at, pictures and files, is checked here. Nothing is fetched.
"""

import posixpath
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

# A link or a picture in Markdown: ](target), with an anchor or without.
_LINK = re.compile(r"(?<=\]\()(?P<path>[^()#\s]+)(?P<anchor>#[^()\s]*)?(?=\))")
_FENCE = re.compile(r"^\s*```.*?^\s*```$", re.MULTILINE | re.DOTALL)
# Pages at the root of the repository, where GitHub looks for them, and their place on the site.
BESIDE = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "threat-model.md",
}
# The first entry of a list right below a line of text: a list to GitHub, and to Python's Markdown a part of that text.
_LIST = re.compile(r"^(?P<text>(?![-*+] |\d+\. |[|#> ]).*\S.*\n)(?=(?:[-*+]|\d+\.) )", re.MULTILINE)
_FOR_ALL_ELSE = "More"


class SiteError(Exception):
    """The site cannot be built; the message says what is wrong, a line each."""


def build(root: Path, work: Path, out: Path) -> None:
    """Build the site of the repository at `root` into `out`; `work` is a folder for what is between.

    Raises:
        SiteError: a link leads nowhere, or Zensical refuses.
    """
    shutil.rmtree(work, ignore_errors=True)
    pages = work / "pages"
    wrong = list(lay_out(root, pages))
    if wrong:
        raise SiteError("\n".join(wrong))
    config = tomllib.loads((root / "website" / "zensical.toml").read_text(encoding="utf-8"))
    config["project"]["nav"] = navigation(config["project"]["nav"], pages)
    config["project"].update(docs_dir="pages", site_dir="site")
    file = work / "zensical.toml"
    file.write_text(_toml(config), encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", str(file)]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SiteError(f"{done.stdout}{done.stderr}".split("Traceback")[0])
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(work / "site", out)


def lay_out(root: Path, pages: Path) -> Iterator[str]:
    """Copy the pages into `pages` with their links made to hold there; what leads nowhere, as sentences."""
    placed = {
        path: path.relative_to(root / "docs").as_posix()
        for path in sorted((root / "docs").rglob("*"))
        if path.is_file()
    }
    placed |= {root / name: place for name, place in BESIDE.items() if (root / name).exists()}
    for source, place in placed.items():
        target = pages / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix != ".md":
            shutil.copyfile(source, target)
            continue
        text, wrong = _relinked(source.read_text(encoding="utf-8"), source, place, root, placed, pages)
        target.write_text(text, encoding="utf-8")
        yield from wrong


def _relinked(
    text: str, source: Path, place: str, root: Path, placed: dict[Path, str], pages: Path
) -> tuple[str, list[str]]:
    wrong: list[str] = []

    def relink(link: re.Match[str]) -> str:
        path, anchor = link["path"], link["anchor"] or ""
        if re.match(r"[a-z]+:", path):
            return link[0]
        target = (source.parent / path).resolve()
        if target.is_dir():
            target = next((each for name in ("README.md", "index.md") if (each := target / name).exists()), target)
        if not target.exists() or not target.is_relative_to(root):
            wrong.append(f"{source.relative_to(root)}: there is no {path}")
            return link[0]
        return _on_the_site(target, root, place, placed, pages) + anchor

    parts = re.split(f"({_FENCE.pattern})", text, flags=_FENCE.flags)  # in blocks of code nothing is a link
    return "".join(part if number % 2 else _written(relink, part) for number, part in enumerate(parts)), wrong


def _written(relink: Callable[[re.Match[str]], str], part: str) -> str:
    return _LINK.sub(relink, _LIST.sub(r"\g<text>\n", part))


def _on_the_site(target: Path, root: Path, place: str, placed: dict[Path, str], pages: Path) -> str:
    """Where a file of the repository is on the site, from the page at `place`; it is put there if it is no page."""
    there = placed.get(target)
    if there is None and target.is_dir():
        there = f"files/{target.relative_to(root)}.txt"
        names = sorted(each.relative_to(root).as_posix() for each in target.iterdir())
        _put(pages / there, "\n".join(names) + "\n")
    elif there is None:
        # Beside its name .txt: a server shows it, and nothing takes it for a page.
        there = f"files/{target.relative_to(root)}.txt"
        _put(pages / there, target.read_text(encoding="utf-8"))
    return posixpath.relpath(there, posixpath.dirname(place) or ".")


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def navigation(nav: list[Any], pages: Path) -> list[Any]:
    """The navigation with its globs written out, and what it does not name at its end.

    Raises:
        SiteError: it names a page that is not there.
    """
    there = {path.relative_to(pages).as_posix() for path in pages.rglob("*.md")}
    found = list(_entries(nav, there))
    if missing := sorted(set(_named(found)) - there):
        raise SiteError("\n".join(f"website/zensical.toml: there is no page {name}" for name in missing))
    rest = sorted(there - set(_named(found)))
    return [*found, *([{_FOR_ALL_ELSE: rest}] if rest else [])]


def _entries(entries: Iterable[Any], there: Iterable[str]) -> Iterator[Any]:
    """The entries with the pages that globs stand for in their place."""
    for entry in entries:
        if isinstance(entry, dict):
            yield {
                title: list(_entries(below, there)) if isinstance(below, list) else below
                for title, below in entry.items()
            }
        elif entry.endswith("/*"):
            yield from sorted(each for each in there if each.startswith(entry[:-1]))
        else:
            yield entry


def _named(nav: Any) -> Iterator[str]:
    if isinstance(nav, dict):
        yield from _named(list(nav.values()))
    elif isinstance(nav, list):
        for each in nav:
            yield from _named(each)
    else:
        yield nav


def _toml(config: dict[str, Any]) -> str:
    """The configuration as TOML: everything below `project` inline, which Python's library cannot write."""
    lines = ["[project]"]
    lines += [f"{key} = {_value(value)}" for key, value in config["project"].items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_value(key)} = {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
