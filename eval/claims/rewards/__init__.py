"""Rewards of published systems, for arms of claims; none of them is used by a recipe of ours."""
