"""Fuzzing of every parser that reads from outside.

Whatever comes in, a value that makes sense comes out, or the parser's own error in words for
people, and nothing else.

`test_short.py` gives each target some thousand inputs; `scripts/fuzz` gives them a million, in
processes of limited memory.
"""
