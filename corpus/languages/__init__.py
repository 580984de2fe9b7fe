"""What InForce knows of each language: dates, numerals and other words, one folder a language."""
