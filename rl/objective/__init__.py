"""From rewards to one advantage per token: the slots and the methods that fill them."""
