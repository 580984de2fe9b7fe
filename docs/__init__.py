"""The documentation, and the module that makes its reference pages."""
