"""Which topic filter covers which, held against what paho says of topics."""

from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from collector.sources.meters.inbox import covers

levels = st.sampled_from(["a", "b", "+"])
filters = st.builds(
    lambda parts, rest: "/".join([*parts, "#"] if rest else parts),
    st.lists(levels, min_size=1, max_size=4),
    st.booleans(),
)
topics = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5).map("/".join)


@given(filters, filters, topics)
def test_what_a_covered_filter_matches_the_wide_one_does(
    wide: str, narrow: str, topic: str
) -> None:
    if covers(wide, narrow) and topic_matches_sub(narrow, topic):
        assert topic_matches_sub(wide, topic)


def test_examples() -> None:
    assert covers("BMS/v1/PUB/Value/PowerMeter/#", "BMS/v1/PUB/Value/PowerMeter/X/plant")
    assert covers("a/+/c", "a/b/c")
    assert covers("#", "a/+")
    assert not covers("a/b/c", "a/+/c")
    assert not covers("a/+", "a/#")
    assert not covers("a/b", "a")
