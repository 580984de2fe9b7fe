"""Index URLs: the engine, its address, and the analyzer."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

from corpus.errors import BadInputError, without_password
from corpus.model import Frozen
from retrieval.text.analyzers import CHAINS, Analyzer

EXAMPLE = "embedded:.inforce/index or elastic+http://localhost:9200/statutes"


class IndexUrl(Frozen):
    """A parsed index URL.

    ``place`` is a folder for ``embedded``; for ``elastic`` it is the alias, and ``hosts`` the nodes
    (``http://localhost:9200``). ``user`` is ``(name, password)`` if the URL has them.
    """

    engine: str
    place: str
    chain_name: str | None = None
    hosts: tuple[str, ...] = ()
    user: tuple[str, str] | None = None

    @property
    def chain(self) -> Analyzer:
        """Return the analyzer to build with."""
        return CHAINS[self.chain_name or "plain"]

    def __str__(self) -> str:
        """Return the URL without password, for messages."""
        return self.place if self.engine == "embedded" else f"{self.hosts[0]}/{self.place}"


def parse_index_url(url: str) -> IndexUrl:
    """Parse ``embedded:FOLDER`` or ``elastic+http[s]://[USER:PASSWORD@]HOST[,HOST...]/ALIAS``.

    Either may end in ``?chain=plain`` or ``?chain=stemmed``.

    Raises:
        BadInputError: the URL is neither.
    """
    bare, _, query = url.partition("?")
    chain = _chain(url, query)
    scheme, _, rest = bare.partition(":")
    if scheme == "embedded" and rest:
        return IndexUrl(engine="embedded", place=rest, chain_name=chain)
    if scheme in {"elastic+http", "elastic+https"}:
        return _elastic(bare, scheme.removeprefix("elastic+"), chain)
    raise BadInputError(_not_one(url))


def _elastic(bare: str, scheme: str, chain: str | None) -> IndexUrl:
    try:
        split = urlsplit(bare)
    except ValueError:  # brackets that are no address
        raise BadInputError(_not_one(bare)) from None
    login, _, hosts = split.netloc.rpartition("@")
    alias = split.path.strip("/")
    if "@" in split.path:
        raise BadInputError(
            f"'{without_password(bare)}': write / and @ in a password as %2F and %40"
        )
    if not hosts or not alias or "/" in alias or alias != alias.lower():
        raise BadInputError(_not_one(bare))
    name, _, password = login.partition(":")
    nodes = tuple(f"{scheme}://{_with_port(host)}" for host in hosts.split(","))
    if not all(map(_is_node, nodes)):
        raise BadInputError(_not_one(bare))
    return IndexUrl(
        engine="elastic",
        place=alias,
        chain_name=chain,
        hosts=nodes,
        user=(unquote(name), unquote(password)) if login else None,
    )


def _not_one(url: str) -> str:
    return f"'{without_password(url)}' is not an index URL (example: {EXAMPLE})"


def _with_port(host: str) -> str:
    return host if host.rpartition(":")[2].isdecimal() else f"{host}:9200"


def _chain(url: str, query: str) -> str | None:
    if not query:
        return None
    settings = parse_qs(query)
    chain = settings.get("chain", [""])[0]
    if set(settings) != {"chain"} or chain not in CHAINS:
        shown = without_password(url)
        raise BadInputError(f"'{shown}': the only setting is chain, one of {', '.join(CHAINS)}")
    return chain


def _is_node(url: str) -> bool:
    """Return whether a node's URL has a host and a port that can be."""
    try:
        split = urlsplit(url)
        return bool(split.hostname) and split.port is not None
    except ValueError:
        return False
