"""Make the agent better: rollouts, rewards, objectives and training runs."""
