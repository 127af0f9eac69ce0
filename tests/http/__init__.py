"""The HTTP server: who is let in, who is sent away, and what that costs."""
