"""The LangGraph graph: its nodes, and how it is run, checkpointed and replayed."""
