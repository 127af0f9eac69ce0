"""What the kernel log says, in every form that drivers have written; and what is none of it."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.sources.events import pci_address
from collector.sources.nvml.kmsg import MOST_BYTES, Record, Splitter, parse, parse_xid

C1 = "0000:c1:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "NVRM: Xid (PCI:0000:c1:00): 79, pid=1234, name=python, GPU has fallen off the bus.",
            (C1, 79),
        ),
        (
            "NVRM: Xid (PCI:0000:c1:00): 13, pid='<unknown>', name=<unknown>, (GPC 7, TPC 7): Bad",
            (C1, 13),
        ),
        ("NVRM: Xid (PCI:0000:c1:00 GPU-I:05): 31, pid=7, name=a, Ch 0000000a", (C1, 31)),
        ("NVRM: Xid (PCI:0000:c1:00 GPU-I:05 GPU-CI:00): 94, pid=7, name=a, x", (C1, 94)),
        ("NVRM: Xid (PCI:0000:c1:00): 154, GPU recovery action changed from 0x0", (C1, 154)),
        ("NVRM: Xid (PCI:0000:01:00): 62, 323f0f30 0000c3d8 00000000", ("0000:01:00", 62)),
        ("NVRM: Xid (0000:01:00): 13, 0005 00000000 0000502d", ("0000:01:00", 13)),
        ("NVRM: Xid (PCI:0009:01:00): 119, pid=1, name=b(): x, Timeout", ("0009:01:00", 119)),
        ("NVRM: Xid (PCI:10000:E1:1F.0): 45, a", ("10000:e1:1f", 45)),
        ("NVRM: Xid (PCI:0000:c1:00): 8", (C1, 8)),
        ("NVRM: GPU at PCI:0000:c1:00: GPU-b850f46d-d5ea-c752-ddf3-c6781e98ac6a", None),
        ("nvidia-nvswitch0: SXid (PCI:0000:85:00.0): 20034, Fatal", None),
        ("NVRM: Xid (PCI:0000:c1:00): -3, x", None),
        ("NVRM: Xid (PCI:0000:c1:00): 1234567, x", None),
        ("NVRM: Xid (PCI:zzzz:c1:00): 79, x", None),
        ("python[7]: segfault, NVRM: Xid (PCI:0000:c1:00): 79, in a process's name", None),
        ("", None),
    ],
)
def test_every_form(text: str, expected: tuple[str, int] | None) -> None:
    assert parse_xid(text) == expected


def test_a_record_has_a_number_and_a_time() -> None:
    line = b"4,1207,81234567,-,caller=T42;NVRM: Xid (PCI:0000:c1:00): 79, pid=1, name=p; q, lost"
    assert parse(line) == Record(1207, 81_234_567_000, (C1, 79))
    assert parse(b"6,1,0,-;Command line: quiet") == Record(1, 0)


def test_what_a_program_wrote_into_the_log_is_no_error_of_a_gpu() -> None:
    assert parse(b"12,5,9,-;NVRM: Xid (PCI:0000:c1:00): 79, forged") == Record(5, 9_000)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" SUBSYSTEM=pci",
        b" DEVICE=+pci:0000:c1:00.0",
        b"NVRM: Xid (PCI:0000:c1:00): 79, no prefix",
        b"4,x,9,-;text",
        b"4,99999999999999999999,9,-;a number too large",
        b"4,5;text",
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_record(line: bytes) -> None:
    assert parse(line) is None


@given(st.binary(max_size=400))
@example(b"4,1,1,-;NVRM: Xid (PCI:0000:c1:00): 79\xff\xfe\x00")
@example("4,1,1,-;NVRM: Xid (PCI:0000:c1:00): \u0667\u0669, digits of another script".encode())
def test_no_line_whatsoever_does_harm(line: bytes) -> None:
    found = parse(line)
    if found is not None:
        assert 0 <= found.sequence < 10**18
        assert found.xid is None or found.xid[1] < 100_000


@given(st.text(max_size=80), st.text(max_size=200))
def test_no_text_around_it_does_harm(before: str, after: str) -> None:
    found = parse_xid(f"NVRM: Xid ({before}): {after}")
    if found is not None:
        assert pci_address(found[0]) == found[0] != ""


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**17),
            st.one_of(st.just(b"NVRM: Xid (PCI:0000:c1:00): 79, x"), st.binary(max_size=50)),
        ),
        max_size=8,
    ),
    st.lists(st.integers(0, 600), max_size=6),
)
def test_it_does_not_matter_where_reads_end(
    records: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    lines = [b"4,%d,1,-;%b" % (number, text.replace(b"\n", b" ")) for number, text in records]
    data = b"".join(line + b"\n" for line in lines)
    expected = [found for found in map(parse, lines) if found is not None]
    splitter = Splitter()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    found = [
        record for start, end in pairwise(edges) for record in splitter.records(data[start:end])
    ]
    assert found == expected


def test_a_line_without_end_costs_no_memory() -> None:
    splitter = Splitter()
    for _ in range(40):
        assert list(splitter.records(b"x" * MOST_BYTES)) == []
    assert len(splitter._rest) <= MOST_BYTES
    list(splitter.records(b"\n"))
    assert list(splitter.records(b"4,1,1,-;fine\n")) == [Record(1, 1000)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00000000:C1:00.0", C1),
        ("0000:c1:00.0", C1),
        ("PCI:0000:c1:00", C1),
        ("00010000:E1:1F.7", "10000:e1:1f"),
        ("c1:00.0", ""),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_addresses_have_one_form(text: str, expected: str) -> None:
    assert pci_address(text) == expected
