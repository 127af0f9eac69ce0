"""The daemon: wires sources, meters, the ledger and exporters together."""
