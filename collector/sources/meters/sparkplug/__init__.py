"""Sparkplug B 3.0: births name the metrics, data follow them, deaths end them.

`decoder` is imported only where it is used: it needs protobuf.
"""
