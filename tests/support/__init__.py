"""What support gets: everything it needs, and nothing that is the site's own."""
