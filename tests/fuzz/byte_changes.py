"""Changes bytes without knowing what they mean."""

from tests.fuzz.choices import Choices

_TELLING = (
    b"\0",
    b"\xff",
    b"\x80",
    b"\x7f",
    b"\n",
    b"\r",
    b'"',
    b"\\",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xed\xa0\x80",  # a surrogate, which is no UTF-8
    b"\xf4\x90\x80\x80",  # beyond Unicode
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # the largest varint
    b"\x00\x00\x00\x00\x00\x00\x00\x00",
    b"\xff" * 16,
    b"9" * 400,
    b"[" * 3000,
)


def changed(data: bytes, choices: Choices) -> bytes:
    """The bytes with some of them flipped, cut out, put in, doubled or exchanged."""
    made = bytearray(data)
    for _ in range(choices.count()):
        at = choices.below(len(made) + 1)
        match choices.below(7):
            case 0:
                made[at : at + 1] = bytes([choices.below(256)])
            case 1:
                made[at:at] = choices.pick(_TELLING)
            case 2:
                del made[at : at + 1 + choices.below(16)]
            case 3:
                del made[at:]
            case 4:
                part = made[at : at + 1 + choices.below(64)]
                made[at:at] = part * (1 + choices.below(4))
            case 5:
                made[at : at + 8] = choices.pick(_TELLING)
            case _:
                made[at:at] = bytes(choices.below(256) for _ in range(choices.below(12)))
    return bytes(made)
