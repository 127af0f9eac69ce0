"""The daemon as a process, on the fake library, with real servers where they matter."""
