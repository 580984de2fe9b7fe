"""Tensors of these tests are tiny: one thread each is fastest and leaves the machine alone."""

from importlib.util import find_spec

if find_spec("torch") is not None:
    import torch

    torch.set_num_threads(1)
