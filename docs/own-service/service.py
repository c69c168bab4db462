#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small service to measure: a thread for each connection, and each request waits 20
ms. It stands for your own service; see docs/own-service.md.

    service.py PORT
"""
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept open
    disable_nagle_algorithm = True  # head and body are two writes
    wbufsize = -1

    def do_GET(self):
        body = b"up\n" if self.path == "/health" else b"here you are\n"
        if self.path != "/health":
            time.sleep(0.020)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """An access log would be measured too."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
