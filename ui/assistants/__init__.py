"""The verbs for other programs: an MCP server, an HTTP API, LangChain. All of them only read."""
