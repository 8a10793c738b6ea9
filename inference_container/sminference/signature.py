"""Signatures of artifacts: Ed25519 over the bytes of manifest.json, which holds the hash of every file that is served.

It answers one question, whether the holder of a key packed what is there. The hashes alone do not: whoever changes a
file changes its hash too. Keys are PEM files, as `openssl genpkey -algorithm ed25519` makes them.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sminference.manifest import MANIFEST, ArtifactError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE = "manifest.sig"

# In front of what is signed, so that no signature made for anything else counts here.
_CONTEXT = b"smendpoints.dev/model/v1 manifest.json\n"
_PUBLIC = "an Ed25519 public key: the path of a PEM file, or the line between its first and its last"


class KeyFileError(ValueError):
    """A key that can't be used; the message says what was expected."""


@dataclass(frozen=True)
class VerifyKeys:
    """Public keys, each of which may have signed an artifact: two while one follows the other."""

    keys: tuple[Ed25519PublicKey, ...]

    @classmethod
    def parse(cls, text: str) -> VerifyKeys:
        """Keys from a setting: paths of PEM files or base64 of a key, separated by commas. Raises KeyFileError."""
        return cls(tuple(_public_key(part.strip()) for part in text.split(",")))

    @property
    def wanted(self) -> str:
        """What to do about a refusal, for the end of a sentence."""
        return (
            "SMINFERENCE_VERIFY_KEY is set, so only a signed artifact is served: pack it with "
            "`python -m smtraining pack --sign-key`"
        )

    def check(self, manifest: bytes, signature: bytes | None) -> None:
        """Raises ArtifactError unless one of the keys signed these bytes of manifest.json."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only who verifies pays for it

        if signature is None:
            raise ArtifactError(f"{SIGNATURE} is missing; {self.wanted}")
        try:
            raw = base64.b64decode(signature.strip(), validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        for key in self.keys:
            try:
                key.verify(raw, _CONTEXT + manifest)
            except InvalidSignature:
                continue
            return
        raise ArtifactError(
            f"{SIGNATURE} is no signature of this {MANIFEST} by a key that is trusted here: it was changed, or "
            f"signed with another key; {self.wanted}"
        )


def sign(manifest: bytes, private_key: bytes) -> bytes:
    """The content of manifest.sig, one line of base64. Raises KeyFileError when `private_key` is no usable PEM file."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(private_key, password=None)
    except TypeError as error:
        raise KeyFileError("expected a private key without a password") from error
    except Exception as error:
        # What the parser raises for damaged files is of many classes.
        raise KeyFileError("expected an Ed25519 private key as PEM, of `openssl genpkey -algorithm ed25519`") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"expected an Ed25519 private key, got {type(key).__name__.strip('_')}")
    return base64.b64encode(key.sign(_CONTEXT + manifest)) + b"\n"


def _public_key(text: str) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        if text.startswith("-----BEGIN"):
            key = serialization.load_pem_public_key(text.encode())
        elif Path(text).is_file():
            key = serialization.load_pem_public_key(Path(text).read_bytes())
        else:
            key = serialization.load_der_public_key(base64.b64decode(text, validate=True))
    except Exception as error:
        # Unreadable files, text that is no base64, and whatever the parser raises for damaged keys.
        raise KeyFileError(f"expected {_PUBLIC}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(f"expected {_PUBLIC}, got a key of another kind")
    return key
