"""The command line: `python -m smtraining`."""

from pathlib import Path

import click

from smtraining.archive import write
from smtraining.data import iris
from smtraining.models import MODELS, RANDOM_FOREST
from smtraining.train import train


@click.group()
def main() -> None:
    """Train the iris models, pack them for the inference container, and upload them."""


@main.command("train")
@click.option("--model", type=click.Choice(list(MODELS)), default=RANDOM_FOREST, show_default=True)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=42, show_default=True, help="Seed of split and model."
)
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Folder; default build/<model>.")
def train_command(model: str, seed: int, output: Path | None) -> None:
    """Fit a model, print its accuracy, write model.pkl, manifest.json and model.tar.gz."""
    trained = train(model, iris(), seed)
    archive = write(trained.files, output or Path("build") / model)
    click.echo(f"accuracy {trained.metrics['accuracy']:.3f} on {trained.metrics['test_rows']} held-out rows")
    click.echo(archive)


if __name__ == "__main__":
    main(prog_name="python -m smtraining")
