"""The sampling path: two threads for every GPU, and what they hand over.

Nothing here logs, blocks, waits for another GPU, or allocates without need.
"""
