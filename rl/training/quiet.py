"""Set the training libraries to log errors only, without progress bars."""

from __future__ import annotations

import logging
import os

from datasets.utils import logging as dataset_logging
from transformers.utils import logging as hub_logging


def quiet_libraries() -> None:
    """Set the libraries to log errors only."""
    hub_logging.set_verbosity_error()
    hub_logging.disable_progress_bar()
    dataset_logging.disable_progress_bar()
    logging.getLogger("trl").setLevel(logging.ERROR)
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")  # said of rollout_func at every start
