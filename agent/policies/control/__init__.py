"""A learnt controller: the features of a state, and the network that values the strategies."""
