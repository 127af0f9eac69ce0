"""A report in every form, read again."""
