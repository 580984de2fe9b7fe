"""What the adapters of XML formats share."""
