"""Export of answers as files."""
