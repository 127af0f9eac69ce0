"""The log's forms and fields, and that it does not repeat itself."""
