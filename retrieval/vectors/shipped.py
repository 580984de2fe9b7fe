"""The vectors of the demonstration corpus, which come with the package.

``python -m retrieval.vectors.shipped`` makes the file anew (a minute); a test compares it with the
corpus and with the encoder. They belong to the default encoder; any other makes its own.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from corpus.console import out
from retrieval.index_rows import work_texts
from retrieval.vectors.encoder_choice import EncoderSettings, open_encoder
from retrieval.vectors.passage import digest, kept_as, passage
from retrieval.vectors.quantised import quantised

FILE = Path(__file__).with_name("demo_vectors.npz")


@lru_cache(maxsize=1)
def shipped() -> tuple[str, dict[bytes, bytes]]:
    """Return the name under which they are kept, and the codes of each passage by its digest."""
    with np.load(FILE) as held:
        codes = (one.tobytes() for one in held["codes"])
        return str(held["identity"]), dict(zip(map(bytes, held["digests"]), codes, strict=True))


def demo_passages() -> dict[bytes, str]:
    """Return each distinct passage of the demonstration corpus by its digest, in its order."""
    from corpus.demo import demo_files
    from corpus.sources.jsonl import Jsonl

    histories = Jsonl(*demo_files()).works(_never)
    texts = (passage(row) for history in histories for row in work_texts(history))
    return {digest(text): text for text in texts}


def main() -> None:
    """Embed the demonstration corpus with the default encoder and write the file."""
    encoder = open_encoder(EncoderSettings())
    if encoder is None:
        raise ValueError("the default is no encoder")
    texts = demo_passages()
    np.savez_compressed(
        FILE,
        identity=np.array(kept_as(encoder.identity)),
        digests=np.frombuffer(b"".join(texts), dtype=np.uint8).reshape(len(texts), -1),
        codes=quantised(encoder.passages(list(texts.values()))),
    )
    out.print(f"{len(texts)} texts, {FILE.stat().st_size:,} bytes: {FILE}")


def _never(fault: Exception) -> None:
    raise fault


if __name__ == "__main__":
    main()
