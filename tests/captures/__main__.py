"""Makes the captures of the fake boards anew."""

from tests.captures import HERE, make


def main() -> None:
    """Write them."""
    for name, text in make().items():
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
