"""The command line: `python -m smtraining`."""

import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import click

from sminference.manifest import ArtifactError
from sminference.signature import KeyFileError
from smtraining.archive import write
from smtraining.custom import pack_pickle, read_csv
from smtraining.data import iris
from smtraining.models import COVERAGE_SPLITS, MODELS, RANDOM_FOREST
from smtraining.options import FOLDER, format_option, key_option, rows_option, seed_option
from smtraining.pack import signed
from smtraining.train import Trained, train
from smtraining.upload import UploadError, parse_uri, upload
from smtraining.verify import Effort


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Train the iris models, pack them for the inference container, and upload them."""
    logging.basicConfig(format="%(levelname)s %(message)s")


@main.command("train")
@click.option(
    "--model", type=click.Choice(list(MODELS)), default=RANDOM_FOREST, show_default=True, help="Which model to fit."
)
@seed_option
@click.option("--output", type=FOLDER, help="Folder to write to; default build/<model>.")
@click.option("--upload", "target", metavar="S3_URI", help="s3://bucket/prefix to upload model.tar.gz to.")
@click.option(
    "--splits",
    type=click.IntRange(0),
    help="Random splits that measure accuracy and coverage; default 10 or 5 by model.",
)
@rows_option
@key_option
@format_option
def train_command(
    model: str,
    seed: int,
    output: Path | None,
    target: str | None,
    splits: int | None,
    verify_rows: int,
    sign_key: Path | None,
    form: str,
) -> None:
    """Fit and measure a model of the iris data, and pack it.

    Writes model.tar.gz, its files beside it, and the model as model.pkl. The same input gives the same bytes. The last
    line is the archive's path, or its S3 URI with --upload.
    """
    folder = output or Path("build") / model
    bucket, prefix = _target(target) if target else ("", "")
    trained = _train(model, seed, COVERAGE_SPLITS[model] if splits is None else splits, verify_rows)
    archive = _write(_signed(trained.files, sign_key), folder)
    result: dict[str, Any] = {
        "model": model,
        "accuracy": trained.scores["accuracy"],
        "held_out_rows": trained.scores["rows"],
        "archive": str(archive),
    }
    lines = [f"accuracy {trained.scores['accuracy']:.3f} on {trained.scores['rows']} held-out rows"]
    if repeated := trained.repeated:
        found = repeated.describe()
        result |= {"repeated_accuracy": found["accuracy"], "repeated_rows": found["rows"]}
        lines[0] += f"; {found['accuracy']:.3f} over {repeated.splits} random splits ({found['rows']} rows)"
    if target:
        result["uri"] = _upload(folder, bucket, prefix)["uri"]
    _print(form, result, [*lines, result.get("uri", str(archive))])


@main.command("upload")
@click.argument("folder", type=FOLDER)
@click.option("--bucket", required=True, help="Name of a bucket that exists.")
@click.option("--prefix", default="", help="Key prefix; default none.")
@format_option
def upload_command(folder: Path, bucket: str, prefix: str, form: str) -> None:
    """Upload a packed model to S3.

    FOLDER/model.tar.gz gets a key with the version that the container tells of it. An archive that is there already is
    left alone. The last line is its S3 URI.
    """
    result = _upload(folder, bucket, prefix)
    _print(form, result, ["already there" if result["existed"] else "uploaded", result["uri"]])


@main.command("compare")
@seed_option
@click.option("--splits", type=click.IntRange(1), default=10, show_default=True, help="Random splits to compare on.")
@click.option("--output", type=FOLDER, default=Path("build/compare"), show_default=True, help="Folder to write to.")
@rows_option
def compare_command(seed: int, splits: int, output: Path, verify_rows: int) -> None:
    """Train and compare all models on the same splits.

    Each is packed; report.txt, report.html and report.png compare them.
    """
    from smtraining import compare  # noqa: PLC0415 - the other commands need no matplotlib

    dataset = iris()
    models = [_train(name, seed, splits, verify_rows) for name in MODELS]
    for model in models:
        _write(model.files, output / model.name)
    report = compare.text(models, dataset, seed)
    (output / "report.txt").write_text(report, encoding="utf-8")
    (output / "report.html").write_text(compare.page(models, dataset), encoding="utf-8")
    (output / "report.png").write_bytes(compare.picture(models, dataset))
    click.echo(report)
    click.echo(output / "report.html")
    click.echo(output / "report.png")


@main.command("pack")
@click.argument("pickle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--name", required=True, help="Name of the model: 1 to 63 letters, digits, dots, hyphens and underscores."
)
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV with a header of feature names and typical rows; rows the model has not seen, if labelled.",
)
@click.option(
    "--label-column",
    help="Column of --data that holds the true class, or value: measures the model and calibrates prediction sets.",
)
@click.option("--classes", help="Comma-separated names of the classes, in the order of the estimator's classes_.")
@click.option(
    "--missing-values",
    is_flag=True,
    help="Requests may lack values (null, an empty cell, NaN), as empty cells of --data may.",
)
@click.option("--license", default="unspecified", show_default=True, help="License of the model, such as Apache-2.0.")
@click.option("--output", type=FOLDER, help="Folder to write to; default build/<name>.")
@click.option("--trust-pickle", is_flag=True, help="Say that you made PICKLE, or trust who did: it is unpickled here.")
@click.option(
    "--as-pickle",
    is_flag=True,
    help="Keep it a pickle: for estimators that no other form takes. Read only with SMINFERENCE_ALLOW_PICKLE=true.",
)
@rows_option
@key_option
@format_option
def pack_command(  # noqa: PLR0917 - click passes options by name
    pickle: Path,
    name: str,
    data: Path,
    label_column: str | None,
    classes: str | None,
    missing_values: bool,  # noqa: FBT001
    license: str,  # noqa: A002 - the option
    output: Path | None,
    trust_pickle: bool,  # noqa: FBT001
    as_pickle: bool,  # noqa: FBT001
    verify_rows: int,
    sign_key: Path | None,
    form: str,
) -> None:
    """Pack an estimator of yours for the inference container.

    PICKLE holds a fitted estimator of scikit-learn; what is written needs no pickle.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", name):
        raise click.BadParameter(
            f"{name!r}: write 1 to 63 letters, digits, dots, hyphens and underscores, a letter or digit first",
            param_hint="--name",
        )
    if not trust_pickle:
        raise click.UsageError("a pickle can do harm when it is read; add --trust-pickle if you know who made it")
    try:
        files = pack_pickle(
            pickle.read_bytes(),
            read_csv(data, label_column, missing_values=missing_values),
            name=name,
            classes=[part.strip() for part in classes.split(",")] if classes else [],
            license=license,
            effort=Effort(random=verify_rows),
            form="pickle" if as_pickle else "audited",
            missing_values=missing_values,
        )
    except ArtifactError as error:
        raise click.ClickException(str(error)) from error
    archive = _write(_signed(files, sign_key), output or Path("build") / name)
    _print(form, {"model": name, "archive": str(archive)}, [str(archive)])


def _train(name: str, seed: int, splits: int, verify_rows: int) -> Trained:
    try:
        return train(name, iris(), seed, splits, Effort(random=verify_rows))
    except ArtifactError as error:
        raise click.ClickException(str(error)) from error


def _signed(files: Mapping[str, bytes], key: Path | None) -> Mapping[str, bytes]:
    if key is None:
        return files
    try:
        return signed(files, key.read_bytes())
    except (OSError, KeyFileError) as error:
        raise click.BadParameter(f"{key}: {error}", param_hint="--sign-key") from error


def _write(files: Mapping[str, bytes], folder: Path) -> Path:
    try:
        return write(files, folder)
    except OSError as error:
        raise click.ClickException(f"{folder} can't be written to: {error.strerror or error}") from error


def _target(uri: str) -> tuple[str, str]:
    try:
        return parse_uri(uri)
    except UploadError as error:
        raise click.BadParameter(str(error), param_hint="--upload") from error


def _upload(folder: Path, bucket: str, prefix: str) -> dict[str, Any]:
    try:
        found = upload(folder, bucket, prefix, boto3.client("s3"))
    except (UploadError, ArtifactError) as error:
        raise click.ClickException(str(error)) from error
    return {"uri": found.uri, "sha256": found.sha256, "existed": found.existed}


def _print(form: str, result: dict[str, Any], lines: list[str]) -> None:
    click.echo(json.dumps(result) if form == "json" else "\n".join(lines))


if __name__ == "__main__":
    main(prog_name="python -m smtraining")
