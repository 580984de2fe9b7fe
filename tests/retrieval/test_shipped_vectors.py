"""The vectors that come with the package are those of the demonstration corpus as it is."""

from __future__ import annotations

import random

import numpy as np
import pytest

from retrieval.vectors.encoder_choice import EncoderSettings, open_encoder
from retrieval.vectors.passage import kept_as
from retrieval.vectors.quantised import read_codes, units
from retrieval.vectors.shipped import demo_passages, shipped

REMAKE = "run: python -m retrieval.vectors.shipped"


def test_each_text_of_the_demonstration_has_one_and_nothing_else_does() -> None:
    assert set(shipped()[1]) == set(demo_passages()), REMAKE


def test_they_are_what_the_default_encoder_makes() -> None:
    identity, held = shipped()
    encoder = open_encoder(EncoderSettings())
    assert encoder is not None
    assert identity == kept_as(encoder.identity), REMAKE
    texts = demo_passages()
    some = random.Random(0).sample(sorted(texts), 8)
    made = encoder.passages([texts[name] for name in some])
    cosines = np.einsum("nd,nd->n", units(read_codes([held[name] for name in some])), made)
    assert cosines == pytest.approx(1.0, abs=2e-3), REMAKE
