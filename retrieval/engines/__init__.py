"""The index engines (tantivy, Elasticsearch), their builders and what they store."""
