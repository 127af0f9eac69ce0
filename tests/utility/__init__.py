"""What the utility gets."""
