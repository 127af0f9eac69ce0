"""What support needs to know of an installation: looked at, judged, and packed without secrets.

`probes/` look; `redact` decides what may leave the site; `bundle` packs it.
"""
