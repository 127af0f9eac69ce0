"""The split: shares that add up, and energy of nodes from real servers."""
