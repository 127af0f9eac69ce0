"""The `wattkeeper` command."""

import os
import sys
import threading

from collector.commands import main as run


def main() -> int:
    """Run the command, and leave without waiting for threads that are stuck in a system call.

    Python joins such threads at its end: a name server or a broker that does not answer would hold
    up the exit of a daemon that has long written everything down.
    """
    code = run()
    others = (thread for thread in threading.enumerate() if thread is not threading.main_thread())
    if any(not thread.daemon for thread in others):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
