"""Plain JSON and bare numbers, by a map that says what each topic is."""

from collector.sources.meters.topicmap.decoder import TopicDecoder
from collector.sources.meters.topicmap.rule import TopicRule

__all__ = ["TopicDecoder", "TopicRule"]
