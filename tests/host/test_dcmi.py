"""What the tools print, as recorded from machines and from the tools at hand."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sources.host.dcmi import TOOLS, Tool, failure, milliwatts
from collector.sources.host.protocol import HostSourceError

IPMITOOL, FREEIPMI = TOOLS
DEVICES = "Could not open device at /dev/ipmi0 or /dev/ipmi/0 or /dev/ipmidev/0"
IPMITOOL_SAYS = """
    Instantaneous power reading:                   220 Watts
    Minimum during sampling period:                 18 Watts
    Maximum during sampling period:                438 Watts
    Average power reading over sample period:      215 Watts
    IPMI timestamp:                           Tue Dec  5 13:12:34 2023
    Sampling period:                          00000005 Seconds.
    Power reading state is:                   activated

"""
FREEIPMI_SAYS = """\
Current Power                        : 164 Watts
Minimum Power over sampling duration : 48 watts
Maximum Power over sampling duration : 361 watts
Average Power over sampling duration : 157 watts
Time Stamp                           : 12/29/2023 - 08:58:00
Statistics reporting time period     : 1473439000 milliseconds
Power Measurement                    : Active
"""


def test_the_present_power_is_taken_not_an_average() -> None:
    assert milliwatts(IPMITOOL, IPMITOOL_SAYS) == 220_000
    assert milliwatts(FREEIPMI, FREEIPMI_SAYS) == 164_000


@pytest.mark.parametrize(
    ("tool", "text", "word"),
    [
        (IPMITOOL, IPMITOOL_SAYS.replace("activated", "deactivated"), "no_reading"),
        (FREEIPMI, FREEIPMI_SAYS.replace("Active", "Not Available"), "no_reading"),
        (IPMITOOL, IPMITOOL_SAYS.replace("220 Watts", "0 Watts"), "no_reading"),
        (IPMITOOL, IPMITOOL_SAYS.replace("220 Watts", "65535 Watts"), "no_reading"),
        (IPMITOOL, IPMITOOL_SAYS.replace("220 Watts", "?"), "invalid"),
        (IPMITOOL, IPMITOOL_SAYS.replace("220 Watts", "-3 Watts"), "invalid"),
        (IPMITOOL, "", "invalid"),
        (IPMITOOL, FREEIPMI_SAYS, "invalid"),
    ],
)
def test_what_is_no_power_is_none(tool: Tool, text: str, word: str) -> None:
    with pytest.raises(HostSourceError) as caught:
        milliwatts(tool, text)
    assert caught.value.word == word


@given(st.sampled_from(TOOLS), st.text())
def test_no_text_is_too_odd(tool: Tool, text: str) -> None:
    with suppress(HostSourceError):
        assert 0 < milliwatts(tool, text) < 65_535_000


@given(st.integers(1, 65_534))
def test_every_power_that_the_format_can_say_is_read(watts: int) -> None:
    text = IPMITOOL_SAYS.replace("  220 Watts", f"{watts:5} Watts")
    assert milliwatts(IPMITOOL, text) == watts * 1000


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (f"{DEVICES}: No such file or directory", "no_device"),
        (f"{DEVICES}: Permission denied", "no_permission"),
        ("could not find inband device", "no_device"),
        ("ipmi-dcmi: permission denied: must be root", "no_permission"),
        ("\n    DCMI request failed because: Invalid command (c1)", "unsupported"),
        ("ipmi_cmd_dcmi_get_power_reading: command invalid or unsupported", "unsupported"),
        ("", "failed"),
        ("something new\n" * 1000, "failed"),
    ],
)
def test_a_failure_is_one_word_and_one_short_line(said: str, word: str) -> None:
    error = failure(IPMITOOL, said)
    assert error.word == word
    assert error.action
    assert "\n" not in str(error)
    assert len(str(error)) < 300
