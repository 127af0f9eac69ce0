"""What the daemon costs and how exact it is, measured on the fake library.

python -m benchmarks            the table of bars, about 7 minutes
python -m benchmarks --quick    a short form, about 2 minutes
"""
