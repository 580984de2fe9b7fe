"""The training objective: rewards become one advantage per token, in slots that methods fill."""
