"""Keys and certificates of one control plane: a CA, the API server's certificate, the key that signs account tokens.

Made once per state folder and kept, so that kubeconfigs and tokens outlive a restart.
"""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from smsandbox.process import write_atomically

VALIDITY = dt.timedelta(days=3650)


@dataclass(frozen=True)
class Pki:
    """Paths of PEM files; private keys are readable by their owner only."""

    ca_cert: Path
    server_cert: Path
    server_key: Path
    account_key: Path
    account_public_key: Path


def ensure(folder: Path) -> Pki:
    """The PKI in `folder`, made when it is not there yet."""
    pki = Pki(
        *(
            folder / name
            for name in ("ca.crt", "apiserver.crt", "apiserver.key", "service-accounts.key", "service-accounts.pub")
        )
    )
    if not pki.account_public_key.exists():  # written last
        _make(pki)
    return pki


def _make(pki: Pki) -> None:
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smendpoints sandbox CA")])
    ca = _certificate(ca_name, ca_key, ca_name, ca_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), True
    )
    ca = ca.add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), False)
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    addresses = [ipaddress.ip_address(address) for address in ("127.0.0.1", "::1", "10.0.0.1")]
    server = (
        _certificate(server_name, server_key, ca_name, ca_key)
        .add_extension(x509.SubjectAlternativeName([*map(x509.DNSName, names), *map(x509.IPAddress, addresses)]), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False)
    )
    _write(pki.ca_cert, ca.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM))
    _write(pki.server_cert, server.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM))
    _write(pki.server_key, _pem(server_key))
    account_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write(pki.account_key, _pem(account_key))
    public = account_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(pki.account_public_key, public)


def _certificate(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    ca = subject == issuer and key is issuer_key
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + VALIDITY)
        .add_extension(usage, True)
    )


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, pem: bytes) -> None:
    write_atomically(path, pem.decode(), mode=0o600)
