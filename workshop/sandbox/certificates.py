"""The sandbox's own certificate authority, and the certificate its server shows for 127.0.0.1 and localhost."""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from workshop.errors import WorkshopError
from workshop.sandbox.home import SandboxHome, write_private

CA_LIFETIME = datetime.timedelta(days=3650)
# Apple's clients refuse server certificates that live longer than 825 days.
SERVER_LIFETIME = datetime.timedelta(days=397)
RENEW_BEFORE = datetime.timedelta(days=30)


def ensure_certificates(home: SandboxHome) -> tuple[Path, Path]:
    """Create or renew what is missing or about to expire; return the server's (certificate, key) files.

    The authority stays as long as it lives, so that clients keep trusting the bundle they have.
    """
    ca_key_file, key_file = home.certificates / "ca.key", home.certificates / "server.key"
    certificate_file = home.certificates / "server.pem"
    try:
        ca, ca_key = _read_pair(home.ca_bundle, ca_key_file)
        if ca is None or ca_key is None:
            ca, ca_key = _make_authority()
            _write_pair(home.ca_bundle, ca, ca_key_file, ca_key)
            certificate_file.unlink(missing_ok=True)
        server, _ = _read_pair(certificate_file, key_file)
        if server is None:
            server, key = _make_server(ca, ca_key)
            _write_pair(certificate_file, server, key_file, key)
    except (OSError, ValueError, TypeError) as error:
        raise WorkshopError(
            f"The certificates in {home.certificates} cannot be used: {error}.",
            "Delete that folder and start again; open shells then need the variables anew.",
        ) from error
    return certificate_file, key_file


def write_trust_bundle(home: SandboxHome, roots: Path) -> None:
    """Write the bundle for Lambdas: our authority and the public `roots`, as a Lambda may also call GitHub."""
    ours = home.ca_bundle.read_text()
    # In a shell with the sandbox's variables, the machine's own choice is this very file.
    write_private(home.trust_bundle, ours + roots.read_text(encoding="utf-8").replace(ours, ""))


def _read_pair(
    certificate_file: Path, key_file: Path
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | tuple[None, None]:
    """Read a pair, or None for one that does not exist or is about to expire."""
    if not certificate_file.exists() or not key_file.exists():
        return None, None
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    if certificate.not_valid_after_utc - RENEW_BEFORE < _now():
        return None, None
    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{key_file.name} is not an elliptic curve key")
    return certificate, key


def _write_pair(
    certificate_file: Path, certificate: x509.Certificate, key_file: Path, key: ec.EllipticCurvePrivateKey
) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(key_file, pem.decode())
    write_private(certificate_file, certificate.public_bytes(serialization.Encoding.PEM).decode())


def _make_authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Lakehouse workshop sandbox")
    certificate = (
        _builder(name, name, key, CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        # Whoever trusts this authority trusts it for this machine's own addresses and for nothing else.
        .add_extension(x509.NameConstraints(permitted_subtrees=_local_names(), excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _make_server(
    ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        _builder(_name("localhost"), ca.subject, key, SERVER_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return certificate, key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lifetime: datetime.timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # An hour back, for clocks that differ between a host and its containers.
        .not_valid_before(_now() - datetime.timedelta(hours=1))
        .not_valid_after(_now() + lifetime)
    )


def _local_names() -> list[x509.GeneralName]:
    return [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_network("127.0.0.1/32"))]


def _usage(**granted: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: granted.get(name, False) for name in names})


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
