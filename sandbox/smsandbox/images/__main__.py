"""`python -m smsandbox.images`: build both images and say what came of it; `--sbom`: only the bills of materials.

Both go into build/images.
"""

import json
import sys
from pathlib import Path

import click

from smsandbox import paths
from smsandbox.images import build as builder
from smsandbox.images import sbom
from smsandbox.images.dockerfiles import IMAGES


@click.command()
@click.option("--sbom", "what", flag_value="sbom", help="Write the bills of materials, and build nothing.")
@click.option("--install", "what", flag_value="install", help="Install buildah, podman and runc, and build nothing.")
def main(what: str | None) -> None:
    """Build the operator's and the inference image from this clone."""
    if what != "sbom":
        builder.install()
    if what == "install":
        return
    folder = paths.repository() / "build" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    at = builder.epoch()
    for image in IMAGES:
        file = folder / f"{image.name}.cdx.json"
        file.write_text(sbom.bill(image, image.python, at), encoding="utf-8")
        click.echo(f"{_shown(file)}: {len(sbom.pins(image, image.python))} packages")
        if what == "sbom":
            continue
        built = builder.build(image, builder.base_for(image), f"localhost/{image.name}:latest", at)
        ours = built.size - built.base_size
        told = {
            "image": built.tag,
            "digest": built.digest,
            "base": built.base,
            "layers": list(built.layers),
            "bytes": ours,
            "bytesOfBase": built.base_size,
        }
        (folder / f"{image.name}.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        megabytes = f"{ours / 1e6:.0f} MB on a base of {built.base_size / 1e6:.0f} MB, not compressed"
        click.echo(f"{built.tag} {built.digest}: {megabytes}, base {'as pinned' if built.pinned else built.base}")


def _shown(file: Path) -> str:
    return str(file.relative_to(paths.repository()))


if __name__ == "__main__":
    try:
        main()
    except (builder.NoBuilderError, RuntimeError) as error:
        sys.exit(f"images: {error}")
