"""Ask, search, check, answer: the graph that serves, is trained and is evaluated."""
