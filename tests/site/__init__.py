"""The site's arithmetic."""
