"""The replay of alerts over a simulated past."""
