"""The label queue in SQL: projects, items, leases, decisions and their adjudication. No torch."""
