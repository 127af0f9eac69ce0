"""The commands: arguments in, exit code out. 0 done, 1 failed, 2 wrong arguments or settings."""

from collector.commands.parser import main

__all__ = ["main"]
