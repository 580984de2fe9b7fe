"""Reinforcement learning: rollouts, rewards, training objectives and training runs."""
