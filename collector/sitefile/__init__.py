"""The site file: what a site consists of and what it may draw."""
