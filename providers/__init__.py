"""The vendors, in one vocabulary."""
