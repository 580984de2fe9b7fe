"""What the law says, and when: the model of time, the store, and the sources."""
