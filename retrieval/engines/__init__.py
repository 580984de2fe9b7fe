"""Index engines (tantivy, Elasticsearch), their builders and schemas."""
