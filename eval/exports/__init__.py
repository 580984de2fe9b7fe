"""Our questions, dated tools and rewards as an environment of other programs."""
