"""The policies that come with InForce; each is one file."""
