"""What the daemon costs and how exact it is, measured on the fake library. One command:

python -m benchmarks            the table of bars, about 6 minutes
python -m benchmarks --quick    a short form, about 90 seconds
"""
