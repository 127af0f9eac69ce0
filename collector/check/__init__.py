"""What `wattkeeper check` does: ask every GPU for everything, measure, judge, show.

`run` reads, `judge` draws conclusions, `table` and `document` show them, `record` keeps a capture.
Nothing here knows a vendor: what a source can do besides `Gpu` is in `survey`.
"""
