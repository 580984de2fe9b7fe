"""RegML: parts of the US Code of Federal Regulations."""
