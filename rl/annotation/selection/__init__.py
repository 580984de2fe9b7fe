"""Choose the questions whose label changes most what is learnt. No torch, and no gold answer."""
