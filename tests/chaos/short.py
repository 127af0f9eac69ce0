"""The plan of the short run. A seed that a long run failed with belongs here for a while."""

from typing import Final

SEED: Final = 3
SECONDS: Final = 50.0
PACE: Final = 0.1
