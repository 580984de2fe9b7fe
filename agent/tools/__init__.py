"""The four dated tools, their schemas, and how a call is carried out."""
