"""What the alerts would have said in a simulated week: who is paged, and is it right?

The raw series that rules read are written out at one-minute steps and taken in by a real
Prometheus, which evaluates every recording and every alert over the whole time. Waiting times,
grouping, inhibition and silences are then gone through as Prometheus and Alertmanager do
(`replay`, `manager`). `python -m benchmarks.alert_week`.
"""
