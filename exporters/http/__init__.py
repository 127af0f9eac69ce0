"""The HTTP server: who may ask what, how much of it one client may take, and the answers."""

from exporters.http.limits import Limits
from exporters.http.options import HttpOptions, ServeError
from exporters.http.server import Server

__all__ = ["HttpOptions", "Limits", "ServeError", "Server"]
