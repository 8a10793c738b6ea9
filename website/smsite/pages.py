"""What of `docs/` is made of the code: `python -m smsite pages` writes it, a test compares it."""

from pathlib import Path

from smendpoints.api.kinds import KINDS
from smsite import metrics, reference, settings
from smsite.samples import filled


def generated() -> dict[str, str]:
    """Text by path below `docs/`: pages that nobody edits."""
    found = {f"reference/{reference.file_name(kind)}": reference.document(kind) for kind in KINDS}
    return {**found, "reference/settings.md": settings.document(), "reference/metrics.md": metrics.document()}


def stale(docs: Path) -> dict[Path, str]:
    """What has to be written: generated pages, and pages whose blocks show files of the repository."""
    wanted = {docs / name: text for name, text in generated().items()}
    for page in sorted(docs.rglob("*.md")):
        if page not in wanted:
            wanted[page] = filled(page.read_text(encoding="utf-8"), docs.parent)
    return {
        page: text for page, text in wanted.items() if not page.exists() or page.read_text(encoding="utf-8") != text
    }
