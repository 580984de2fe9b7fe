"""Human labels (RLAVR): choosing which rollouts to label, the label queue, rater agreement."""
