"""Options that several commands have."""

from pathlib import Path

import click

from smtraining.verify import Effort

FOLDER = click.Path(file_okay=False, path_type=Path)
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**31), default=42, show_default=True, help="Seed of the split and the model."
)
key_option = click.option(
    "--sign-key",
    "sign_key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Ed25519 private key as PEM, of `openssl genpkey -algorithm ed25519`: signs the artifact (manifest.sig).",
)
rows_option = click.option(
    "--verify-rows",
    type=click.IntRange(0),
    default=Effort.random,
    show_default=True,
    help="Random rows whose probabilities must have scikit-learn's bits before a model is packed.",
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format.",
)
