"""From the states of a work to the history of each provision: identity, numbers, intervals."""
