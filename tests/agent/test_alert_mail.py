"""Alerts by e-mail are sent to a server whose certificate is trusted, and to no other."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

pytest.importorskip("cryptography", reason="cryptography makes the certificates of this test")
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent.matters.channels import AlertSettings
from agent.matters.delivery import deliver
from agent.matters.store import Matters, matters_url
from corpus.errors import BadInputError
from corpus.settings import Settings
from tests.agent.mail_server import mail_server
from tests.agent.matters_cases import home
from tests.agent.test_alerts import repealed

TODAY = date(2026, 11, 22)
MODES = ["starttls", "tls"]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("INFORCE_TODAY", str(TODAY))
    return home(tmp_path)


@pytest.fixture
def matters(settings: Settings) -> Iterator[Matters]:
    with Matters.open(matters_url(settings)) as opened:
        repealed(settings, opened)
        yield opened


def certificate(folder: Path, host: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """A certificate that signs itself; its file, and the context of a server that has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail of a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    both, trusted = folder / "server.pem", folder / "authority.pem"
    both.write_bytes(secret + pem)
    trusted.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return trusted, context


def mail(port: int, mode: str, **more: object) -> AlertSettings:
    given = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": mode, **more}
    return AlertSettings.model_validate(given)


@pytest.mark.parametrize("mode", MODES)
def test_mail_goes_to_a_server_whose_authority_is_named(
    matters: Matters, tmp_path: Path, mode: str
) -> None:
    trusted, context = certificate(tmp_path)
    with mail_server(context, implicit=mode == "tls") as (port, got):
        channels = mail(port, mode, smtp_ca=trusted).channels()
        assert deliver(matters, channels, TODAY) == ()
    (letter,) = got
    assert "will be repealed on 2026-12-01" in letter


@pytest.mark.parametrize("mode", MODES)
def test_a_certificate_that_is_not_trusted_gets_nothing_and_is_one_sentence(
    matters: Matters, tmp_path: Path, mode: str
) -> None:
    _, context = certificate(tmp_path)
    with mail_server(context, implicit=mode == "tls") as (port, got):
        (problem,) = deliver(matters, mail(port, mode).channels(), TODAY)
    assert got == []
    assert problem == (
        f"The certificate of the mail server 127.0.0.1:{port} is not trusted (self-signed "
        "certificate): INFORCE_ALERT_SMTP_CA names a file with the certificate of its authority."
    )


@pytest.mark.parametrize("mode", MODES)
def test_the_certificate_of_another_host_gets_nothing(
    matters: Matters, tmp_path: Path, mode: str
) -> None:
    trusted, context = certificate(tmp_path, host="127.0.0.9")
    with mail_server(context, implicit=mode == "tls") as (port, got):
        channels = mail(port, mode, smtp_ca=trusted).channels()
        (problem,) = deliver(matters, channels, TODAY)
    assert got == []
    assert "is not trusted (IP address mismatch" in problem


def test_a_server_that_cannot_secure_the_connection_gets_nothing(matters: Matters) -> None:
    with mail_server() as (port, got):
        (problem,) = deliver(matters, mail(port, "starttls").channels(), TODAY)
    assert got == []
    assert "STARTTLS" in problem


def test_what_failed_for_its_certificate_is_sent_once_it_is_trusted(
    matters: Matters, tmp_path: Path
) -> None:
    trusted, context = certificate(tmp_path)
    with mail_server(context) as (port, got):
        assert deliver(matters, mail(port, "starttls").channels(), TODAY)
        channels = mail(port, "starttls", smtp_ca=trusted).channels()
        assert deliver(matters, channels, TODAY) == ()
        assert deliver(matters, channels, TODAY) == ()
    assert len(got) == 1


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_certificates_that_is_none_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BadInputError, match=r"INFORCE_ALERT_SMTP_CA: .*authority\.pem"):
        mail(25, "tls", smtp_ca=file).channels()
