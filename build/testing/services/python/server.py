"""A small service that counts with prometheus_client, with the names of its README and of no framework."""

import itertools
import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import perf_counter

from prometheus_client import Counter, Histogram, exposition

fail_every = int(os.environ.get("FAIL_EVERY", "0"))
asked = itertools.count(1)
requests = Counter("http_requests", "Requests by method, route and status.", ["method", "path", "status"])
latency = Histogram("request_latency_seconds", "Seconds until a request was answered.", ["method", "path"])
ROUTES = [("GET", re.compile(r"^/items/[^/]+$"), "/items/{id}", 200), ("POST", re.compile(r"^/items$"), "/items", 201)]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/metrics":
            return self.send(200, exposition.generate_latest(), exposition.CONTENT_TYPE_LATEST)
        for method, pattern, path, good in ROUTES:
            if method == self.command and pattern.match(self.path):
                began = perf_counter()
                status = 500 if fail_every > 0 and next(asked) % fail_every == 0 else good
                latency.labels(method, path).observe(perf_counter() - began)
                requests.labels(method, path, status).inc()
                return self.send(status)
        return self.send(404)

    do_GET = do_POST = answer

    def send(self, status, body=b"", kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
