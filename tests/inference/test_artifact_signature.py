"""Signed artifacts: with a key in force nothing is looked at that its holder did not pack."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from sminference.artifact import ArtifactError, Trust, load
from sminference.config import Settings, SettingsError
from sminference.hosting import load_model
from sminference.signature import VerifyKeys
from smtraining.__main__ import main
from smtraining.pack import signed

ROW = np.array([[5.1, 3.5, 1.4, 0.2]])


def private(key: Any, encryption: Any = None) -> bytes:
    content: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    return content


def public(key: Any) -> str:
    """The line between the first and the last of a PEM file, as a setting holds it."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


OURS, OTHER = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
TRUST = Trust(verify_keys=VerifyKeys.parse(public(OURS)))


@pytest.fixture
def artifact(model_dir: Callable[[str], Path], tmp_path: Path) -> Path:
    """A signed artifact of the test's own, to change."""
    folder = Path(shutil.copytree(model_dir("random-forest"), tmp_path / "model"))
    files = {"manifest.json": (folder / "manifest.json").read_bytes()}
    (folder / "manifest.sig").write_bytes(signed(files, private(OURS))["manifest.sig"])
    return folder


def test_what_the_holder_of_the_key_packed_is_served(artifact: Path) -> None:
    either = Trust(verify_keys=VerifyKeys.parse(f"{public(OTHER)}, {public(OURS)}"))
    for trust in (TRUST, either, Trust()):
        assert load(artifact, trust).predict_proba(ROW).tolist() == [[1.0, 0.0, 0.0]]


def unlink(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def relicensed(folder: Path) -> None:
    document = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(document | {"license": "another"}))


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no signature": (unlink("manifest.sig"), "manifest.sig is missing; SMINFERENCE_VERIFY_KEY is set"),
    "no manifest": (unlink("manifest.json"), "holds no manifest.json, so nothing in it is signed"),
    "a changed manifest": (relicensed, "no signature of this manifest.json by a key that is trusted here"),
    "a manifest that is none": (lambda f: (f / "manifest.json").write_bytes(b"[" * 9), "no signature of this manifest"),
    "no base64": (lambda f: (f / "manifest.sig").write_bytes(b"\xff\x00"), "no signature of this manifest"),
    "an empty signature": (lambda f: (f / "manifest.sig").write_bytes(b""), "no signature of this manifest"),
    "a long signature": (lambda f: (f / "manifest.sig").write_bytes(b"A" * 9999), "manifest.sig is too large"),
    "a changed file": (lambda f: (f / "trees.npz").write_bytes(b"PK"), "trees.npz has 2 bytes, manifest.json says"),
    "another's signature": (
        lambda f: (f / "manifest.sig").write_bytes(base64.b64encode(OTHER.sign((f / "manifest.json").read_bytes()))),
        "no signature of this manifest",
    ),
    "a signature of the bytes alone": (
        lambda f: (f / "manifest.sig").write_bytes(base64.b64encode(OURS.sign((f / "manifest.json").read_bytes()))),
        "no signature of this manifest",
    ),
}


@pytest.mark.parametrize("change", CHANGES, ids=list(CHANGES))
def test_anything_else_is_refused_before_it_is_parsed(
    artifact: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit, message = CHANGES[change]
    edit(artifact)
    monkeypatch.setattr("sminference.artifact.from_npz", lambda _: pytest.fail("trees were read"))
    monkeypatch.setattr("sminference.artifact.loads", lambda _: pytest.fail("a pickle was read"))
    if change != "a changed file":
        monkeypatch.setattr("sminference.artifact.parse", lambda _: pytest.fail("the manifest was parsed"))
    for trust in (TRUST, Trust(allow_pickle=True, verify_keys=TRUST.verify_keys)):
        with pytest.raises(ArtifactError, match=message):
            load(artifact, trust)


def test_the_setting_takes_a_path_a_line_or_several_and_refuses_what_is_no_key(artifact: Path, tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_bytes(OURS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    for text in (str(pem), pem.read_text(), public(OURS), f"{public(OTHER)},{pem}"):
        settings = Settings.from_environ({"SMINFERENCE_VERIFY_KEY": text, "SM_MODEL_DIR": str(artifact)})
        assert load_model(settings).failure is None
    settings = Settings.from_environ({"SMINFERENCE_VERIFY_KEY": public(OTHER), "SM_MODEL_DIR": str(artifact)})
    assert "no signature of this manifest.json" in str(load_model(settings).failure)
    curve = base64.b64encode(
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()
    for text in ("nowhere.pem", "AAAA", curve, str(tmp_path), f"{public(OURS)},"):
        with pytest.raises(SettingsError, match="SMINFERENCE_VERIFY_KEY: expected Ed25519 public keys"):
            Settings.from_environ({"SMINFERENCE_VERIFY_KEY": text})


def test_training_signs_with_a_private_key_and_leaves_no_signature_of_another_model(tmp_path: Path) -> None:
    key, out = tmp_path / "key.pem", tmp_path / "out"
    key.write_bytes(private(OURS))
    command = ["train", "--splits", "0", "--verify-rows", "100", "--output", str(out)]
    result = CliRunner().invoke(main, [*command, "--sign-key", str(key)])
    assert result.exit_code == 0, result.output
    assert load(out, TRUST).name == "random-forest"
    assert CliRunner().invoke(main, command).exit_code == 0
    assert not (out / "manifest.sig").exists()
    for content, message in [
        (b"text", "expected an Ed25519 private key as PEM, of `openssl genpkey -algorithm ed25519`"),
        (private(OURS, BestAvailableEncryption(b"secret")), "expected a private key without a password"),
        (private(ec.generate_private_key(ec.SECP256R1())), "expected an Ed25519 private key, got"),
    ]:
        key.write_bytes(content)
        result = CliRunner().invoke(main, [*command, "--sign-key", str(key)])
        assert result.exit_code == 2
        assert message in " ".join(result.output.split())
