"""A mixin of trainers that writes checkpoints atomically and keeps the newest."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from rl.run.checkpoints import CHECKPOINT, Seal, checkpoints, drafted


class AtomicCheckpoints:
    """Mixin of a ``transformers.Trainer``; set ``_seal`` and ``_keep`` before it trains."""

    _seal: Seal
    _keep: int

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Do nothing; the run directory documents the run."""

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        trainer: Any = self
        home, first = Path(trainer.args.output_dir), trainer.is_world_process_zero()
        name = f"{CHECKPOINT}{trainer.state.global_step}"
        try:
            with drafted(home, name, first, self._seal) as draft:
                trainer.args.output_dir = str(draft)
                super()._save_checkpoint(model, trial)  # type: ignore[misc]
                trainer.accelerator.wait_for_everyone()
        finally:
            trainer.args.output_dir = str(home)
        if first:
            for old in checkpoints(home)[: -self._keep]:
                shutil.rmtree(old, ignore_errors=True)
