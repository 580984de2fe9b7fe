"""What needs a finished run: extrapolating it (RELEX), one DPO pass over its rollouts (G2D)."""
