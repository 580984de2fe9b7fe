"""Methods that need a finished run: weight extrapolation (RELEX), DPO on its rollouts (G2D)."""
