"""What every answer says to a browser."""

from collections.abc import Mapping, MutableMapping

from exporters.page import CONTENT_SECURITY_POLICY

_NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""For what is no page: shown by a browser, it may fetch and run nothing."""
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def secure(headers: MutableMapping[str, str], own: Mapping[str, str], *, page: bool) -> None:
    """Add what keeps a browser from doing anything with an answer but showing it.

    Args:
        headers: of the answer; what it says itself stays.
        own: what the operator wants said, whatever stands there.
        page: whether the answer belongs to the page.
    """
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    policy = CONTENT_SECURITY_POLICY if page else _NOTHING
    if own.get("X-Frame-Options") == "sameorigin":  # the policy must not say otherwise
        policy = policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("Cache-Control", "no-cache" if page else "no-store")
    headers.pop("Server", None)  # which versions run here is nobody's affair
    for name, value in own.items():
        headers[name] = value
