"""The generated dashboards as they are committed: to read them, the SDK is not needed."""

from pathlib import Path

GENERATED = Path(__file__).with_name("generated")


def committed() -> dict[str, str]:
    """By file name, the JSON of every dashboard."""
    return {
        path.name: path.read_text(encoding="utf-8") for path in sorted(GENERATED.glob("*.json"))
    }
