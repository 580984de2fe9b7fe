"""Check that a server can listen at an address, before it says that it is there."""

from __future__ import annotations

import socket

from corpus.errors import BadInputError


def check_free(host: str, port: int) -> None:
    """Check that a host and port can be listened at.

    Raises:
        BadInputError: another program listens there, the host is not one of this machine, or the
            port may not be used.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as error:
        raise BadInputError(f"Cannot listen at {host}:{port}: {error.strerror}.") from None
