"""One pass of DPO on the rollouts of a run (G2D)."""
