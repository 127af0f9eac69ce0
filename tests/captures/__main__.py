"""Makes the captures of the fake boards anew."""

from tests.captures import FAKE, make


def main() -> None:
    """Write them."""
    FAKE.mkdir(exist_ok=True)
    for name, text in make().items():
        (FAKE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
