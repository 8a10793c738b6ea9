"""`python -m smsite`: write the pages that are made of the code, or build the site."""

import sys
from pathlib import Path

import click

from smsite.build import SiteError, build
from smsite.pages import stale

ROOT = Path(__file__).parents[2]


@click.group()
def main() -> None:
    """The documentation site."""


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; fail when a page differs.")
def pages(*, check: bool) -> None:
    """Write what of docs/ is made of the code."""
    found = stale(ROOT / "docs")
    if check and found:
        sys.exit("\n".join(f"{page.relative_to(ROOT)} is stale: run `make docs`" for page in found))
    for page, text in found.items():
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
        click.echo(page.relative_to(ROOT))


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "build" / "site", help="Folder of the site.")
def site(out: Path) -> None:
    """Build the site; links and anchors are checked."""
    try:
        build(ROOT, ROOT / "build" / "site-work", out)
    except SiteError as error:
        sys.exit(str(error))
    click.echo(out)


if __name__ == "__main__":
    main()
