"""Where alerts are sent: a webhook and e-mail, by settings of the environment.

``INFORCE_ALERT_WEBHOOK`` is the address of a webhook; ``INFORCE_ALERT_SMTP_HOST`` that of a mail
server. Without either nothing is sent.
"""

from __future__ import annotations

import json
import smtplib
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from http.client import HTTPException
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, Self
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from pydantic import Field, ValidationError

from agent.matters.alerts import Alert
from agent.matters.records import MatterRecord
from corpus.errors import BadInputError, InForceError, without_password
from corpus.model import Frozen
from corpus.settings import environment_fields

PREFIX = "INFORCE_ALERT_"
TIMEOUT = 10.0
"""Seconds that one message may take."""


class DeliveryError(InForceError):
    """A message was not delivered; it is sent again with the next check."""


class UnreachableError(DeliveryError):
    """Whoever takes the messages cannot be reached, so no other message is tried either."""


class AlertSettings(Frozen):
    """Settings of alerts, each from the environment variable of its name.

    Attributes:
        days: days before a recorded change has effect on which it is told.
        webhook: URL to which each alert is posted as JSON.
        smtp_host: host of the mail server.
        smtp_port: its port.
        smtp_security: how the connection is secured; the certificate of the server is checked.
        smtp_ca: file (PEM) with the certificate of its authority, where the system has it not.
        smtp_user: user of the mail server.
        smtp_password: password of that user.
        mail_from: address of the sender.
        mail_to: recipient of alerts of owners who sign in with no e-mail address.
    """

    days: int = Field(default=30, ge=0, le=3660)
    webhook: str | None = None
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_ca: Path | None = None
    smtp_user: str | None = None
    smtp_password: str | None = Field(default=None, repr=False)
    mail_from: str = "inforce@localhost"
    mail_to: str | None = None

    @classmethod
    def load(cls) -> Self:
        """Return the settings of the environment.

        Raises:
            BadInputError: a variable does not hold what it should; it is named.
        """
        try:
            return cls.model_validate(environment_fields(cls, PREFIX))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = f"{PREFIX}{str(first['loc'][0]).upper()}"
            raise BadInputError(f"{name}: {first['msg']}.") from None

    def channels(self) -> tuple[Channel, ...]:
        """Return the channels that are set.

        Raises:
            BadInputError: the address of the webhook is no http(s) URL, or the file of
                certificates cannot be read.
        """
        found: list[Channel] = []
        if self.webhook:
            if urlsplit(self.webhook).scheme not in {"http", "https"}:
                shown = without_password(self.webhook)
                raise BadInputError(f"{PREFIX}WEBHOOK: '{shown}' is no http or https address.")
            found.append(Webhook(self.webhook))
        if self.smtp_host:
            found.append(Mail(self, self._trusted()))
        return tuple(found)

    def _trusted(self) -> ssl.SSLContext:
        """Return what certificates are trusted: those of the system, and of ``smtp_ca``."""
        context = ssl.create_default_context()
        try:
            if self.smtp_ca is not None:
                context.load_verify_locations(self.smtp_ca)
        except OSError as error:
            why = error.strerror or "it holds no certificate"
            raise BadInputError(f"{PREFIX}SMTP_CA: {self.smtp_ca} cannot be read: {why}.") from None
        return context


class Sendable(NamedTuple):
    """An alert with its matter."""

    alert: Alert
    matter: MatterRecord


class Channel(Protocol):
    """A way to send alerts."""

    @property
    def name(self) -> str:
        """Name of the channel, under which is kept what was sent."""
        ...

    def batches(self, alerts: Iterable[Sendable]) -> Iterator[tuple[Sendable, ...]]:
        """Yield the alerts that go into one message each."""
        ...

    def send(self, batch: tuple[Sendable, ...], today: date) -> None:
        """Send one message.

        Raises:
            DeliveryError: it was not taken.
        """
        ...


class _NoRedirects(HTTPRedirectHandler):
    """Refuses redirects: an alert goes to the address of the settings alone."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuse a redirect; it is reported as an error."""


@dataclass(frozen=True)
class Webhook:
    """Posts each alert as JSON. Neither the name of the matter nor the question is in it."""

    url: str
    name: str = "webhook"

    def batches(self, alerts: Iterable[Sendable]) -> Iterator[tuple[Sendable, ...]]:
        """Yield each alert by itself."""
        return ((alert,) for alert in alerts)

    def send(self, batch: tuple[Sendable, ...], today: date) -> None:
        """Post an alert; the header ``Idempotency-Key`` is its id."""
        (alert, _), *_rest = batch
        body = json.dumps(posted(alert, today), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": alert.id}
        request = Request(self.url, body, headers, method="POST")  # noqa: S310 - checked above
        try:
            with build_opener(_NoRedirects).open(request, timeout=TIMEOUT):
                return
        except HTTPError as error:
            where = without_password(self.url)
            raise DeliveryError(f"The webhook {where} answered {error.code}.") from None
        except (OSError, HTTPException) as error:
            where, why = without_password(self.url), getattr(error, "reason", None) or error
            raise UnreachableError(f"The webhook {where} cannot be reached: {why}.") from None


def posted(alert: Alert, today: date) -> dict[str, Any]:
    """Return what a webhook is sent."""
    cited, change = alert.citation, alert.change
    return {
        "id": alert.id,
        "matter": alert.matter,
        "trace": alert.trace_id,
        "kind": change.kind,
        "day": change.day and change.day.isoformat(),
        "by": change.by,
        "number": change.number,
        "work": cited.work_id,
        "provision": cited.provision_id,
        "version": cited.version_id,
        "label": cited.label,
        "as_at": cited.as_at.isoformat(),
        "words": alert.said(today).text,
        "found": alert.found.isoformat(),
    }


@dataclass(frozen=True)
class Mail:
    """Sends one e-mail for each owner, to the address they sign in with or to ``mail_to``."""

    settings: AlertSettings
    trusted: ssl.SSLContext
    name: str = "mail"

    def batches(self, alerts: Iterable[Sendable]) -> Iterator[tuple[Sendable, ...]]:
        """Yield the alerts of each recipient."""
        ordered = sorted(alerts, key=lambda each: (self._to(each.matter), each.matter.id))
        for _, group in groupby(ordered, key=lambda each: self._to(each.matter)):
            yield tuple(group)

    def send(self, batch: tuple[Sendable, ...], today: date) -> None:
        """Send the alerts of one recipient."""
        to = self._to(batch[0].matter)
        if not to:
            raise DeliveryError(
                f"Nobody is to be sent the alerts of {batch[0].matter.owner}: set {PREFIX}MAIL_TO."
            )
        try:
            self._deliver(_letter(batch, self.settings.mail_from, to, today))
        except ssl.SSLCertVerificationError as error:
            why = error.verify_message.rstrip(".")
            raise UnreachableError(
                f"The certificate of the {self._server} is not trusted ({why}): {PREFIX}SMTP_CA "
                "names a file with the certificate of its authority."
            ) from None
        except (smtplib.SMTPException, ValueError) as error:
            raise DeliveryError(
                f"The {self._server} did not take the alerts: {_line(error)}."
            ) from None
        except OSError as error:
            said = f"The {self._server} cannot be reached: {_line(error)}."
            raise UnreachableError(said) from None

    @property
    def _server(self) -> str:
        return f"mail server {self.settings.smtp_host}:{self.settings.smtp_port}"

    def _to(self, matter: MatterRecord) -> str:
        return matter.owner if "@" in matter.owner else self.settings.mail_to or ""

    def _deliver(self, letter: EmailMessage) -> None:
        kept = self.settings
        with self._connection(str(kept.smtp_host), kept.smtp_port) as connection:
            if kept.smtp_security == "starttls":
                connection.starttls(context=self.trusted)
            if kept.smtp_user:
                connection.login(kept.smtp_user, kept.smtp_password or "")
            connection.send_message(letter)

    def _connection(self, host: str, port: int) -> smtplib.SMTP:
        if self.settings.smtp_security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=self.trusted)
        return smtplib.SMTP(host, port, timeout=TIMEOUT)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _letter(batch: tuple[Sendable, ...], sender: str, to: str, today: date) -> EmailMessage:
    count = len(batch)
    letter = EmailMessage()
    letter["Subject"] = f"InForce: {count} {'change' if count == 1 else 'changes'} of cited law"
    letter["From"], letter["To"] = sender, to
    lines = []
    for matter, group in groupby(batch, key=lambda each: each.matter):
        lines += [matter.name, *(f"- {one.alert.said(today).text}" for one in group), ""]
    letter.set_content("\n".join(lines))
    return letter
