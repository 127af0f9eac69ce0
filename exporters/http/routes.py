"""What is served: metrics, health, and the page with its data. All of it can only be read."""

import json

from aiohttp import web

from collector.model import Tick
from exporters.page import View
from exporters.prometheus import Renderer

_GZIP_FROM_BYTES = 1400


class Routes:
    """Answers from the latest tick.

    Args:
        renderer: makes `/metrics`.
        page: what is at `/`, and its data.
    """

    def __init__(self, renderer: Renderer, page: View) -> None:
        self._renderer = renderer
        self._page = page
        self._tick: Tick | None = None

    def update(self, tick: Tick) -> None:
        """Take the newest tick."""
        self._tick = tick
        self._renderer.update(tick)
        self._page.update(tick)

    def is_page(self, path: str) -> bool:
        """Whether a path belongs to the page itself."""
        return path in self._page.assets()

    def add_to(self, app: web.Application) -> None:
        """Register all paths; for each, GET and HEAD and nothing else."""
        for path, handler in (
            ("/metrics", self._metrics),
            ("/healthz", self._healthz),
            ("/livez", self._livez),
            ("/readyz", self._readyz),
            ("/live.json", self._live_json),
            *((path, self._asset) for path in self._page.assets()),
        ):
            app.router.add_get(path, handler)

    async def _metrics(self, request: web.Request) -> web.Response:
        rendered = self._renderer.render(request.headers.get("Accept", ""))
        headers = {"Content-Type": rendered.content_type, "Vary": "Accept, Accept-Encoding"}
        body = rendered.body
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body = self._renderer.zipped(rendered)
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, headers=headers)

    async def _healthz(self, _request: web.Request) -> web.Response:
        tick = self._tick
        faults = () if tick is None else tick.snapshot.faults
        sick = [
            {
                "part": fault.part,
                "problem": fault.problem,
                "action": fault.action,
                "since": round(fault.since_wall_ns / 1e9, 3),
            }
            for fault in faults
        ]
        status = "starting" if tick is None else "sick" if sick else "ok"
        body = json.dumps({"status": status, "sick": sick}, indent=1) + "\n"
        return web.Response(
            status=200 if status == "ok" else 503, text=body, content_type="application/json"
        )

    async def _livez(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        ready = self._tick is not None and self._tick.snapshot.ready
        return web.Response(status=200 if ready else 503, text="ready\n" if ready else "starting\n")

    async def _live_json(self, request: web.Request) -> web.Response:
        response = web.Response(
            body=self._page.payload(history=request.query.get("history") == "1"),
            content_type="application/json",
        )
        if len(response.body or b"") > _GZIP_FROM_BYTES:  # type: ignore[arg-type]
            response.enable_compression()
        return response

    async def _asset(self, request: web.Request) -> web.Response:
        body, content_type = self._page.assets()[request.path]
        return web.Response(body=body, headers={"Content-Type": content_type})
