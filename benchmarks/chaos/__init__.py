"""Every fault at once, for as long as one likes; then the books must balance.

A node daemon on eight fake GPUs pushes to VictoriaMetrics and Mosquitto and is scraped by
Prometheus, while the daemon, the servers, the disk, the clock and the driver fail at random
moments. At the end every joule of the fake library's truth must be in the ledger and at each
receiver. `python -m benchmarks.chaos --help`.
"""
