"""The facility's meters: decoders, map, and a real broker."""
