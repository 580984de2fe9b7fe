"""Check that a server can listen at an address, before it says that it is there."""

from __future__ import annotations

import errno
import socket
from typing import Any

from corpus.errors import BadInputError

_MISSING = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""Faults of one of a name's addresses that this machine has not, as ``::1`` without IPv6."""


def check_free(host: str, port: int) -> None:
    """Check that a host and port can be listened at.

    Raises:
        BadInputError: another program listens there, the host is not one of this machine, or the
            port may not be used.
    """
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise BadInputError(f"Cannot listen at {host}:{port}: {error.strerror}.") from None
    faults = [fault for place in places if (fault := _fault(place[:3], place[4])) is not None]
    real = [fault for fault in faults if fault.errno not in _MISSING]
    if real or len(faults) == len(places):
        why = (real or faults)[0].strerror
        raise BadInputError(f"Cannot listen at {host}:{port}: {why}.")


def _fault(kind: tuple[int, int, int], address: Any) -> OSError | None:
    """Return why an address cannot be listened at, or ``None``."""
    try:
        with socket.socket(*kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None
