#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small service as people write them: JSON with a date and an id, a login
that gives a token, POST, odd but legal framing. own_service.py PORT [FLAW].

Each route is a kind of answer; FLAW makes the whole service one that a look at
it must name.
"""
import json
import socket
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN, PASSWORD = "t0ken", "s3cret"


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    body_apart = False  # written after the head, and held back for the acknowledgement of that
    requests = 0
    asked: dict[str, int] = {}  # by path

    def log_message(self, *arguments):
        pass

    def reply(self, body, status=200, headers=(), close=False):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if close:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.body_apart:
            self.wfile.flush()
        self.wfile.write(body)

    def item(self):
        return json.dumps({"at": time.time(), "id": uuid.uuid4().hex, "price": 12,
                           "parts": [{"id": uuid.uuid4().hex, "n": n} for n in range(2)]}).encode()

    def chunked(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        body = self.item()
        for part in (body[:10], body[10:]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def interim(self):
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x.css>\r\n\r\n")
        self.reply(self.item())

    def private(self):
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.reply(b'{"error":"who are you?"}', 401)
        else:
            self.reply(self.item())

    def cookied(self):
        good = f"sid={TOKEN}" in self.headers.get("Cookie", "")
        self.reply(self.item() if good else b"no", 200 if good else 403)

    def do_GET(self):
        Service.requests += 1
        path = self.path.partition("?")[0]
        Service.asked[path] = Service.asked.get(path, 0) + 1
        if path == "/item":
            self.reply(self.item())
        elif path == "/asked":
            self.reply(json.dumps(Service.asked).encode())
        elif path == "/reflect":
            self.reply(f"{self.headers.get('Authorization')} {Service.requests}".encode())
        elif path == "/same":
            self.reply(b"hello")
        elif path == "/odd":
            self.reply(b"na\x01me \xc3\xa9")
        elif path == "/page":
            self.reply(f"<p>{time.time()}</p>".encode())
        elif path == "/late":  # other than the first answers from the fortieth on
            self.reply(b'{"price":%d}' % (12 if Service.requests < 40 else 13))
        elif path == "/close":
            self.reply(self.item(), close=True)
        elif path == "/moved":
            self.reply(b"", 302, [("Location", "/item")])
        elif path == "/broken":
            self.reply(b"oops", 500)
        elif path in ("/chunked", "/interim", "/private", "/cookied"):
            getattr(self, path[1:])()
        else:
            self.reply(b"no such page", 404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/login":
            good = json.loads(body) == {"password": PASSWORD}
            self.reply(json.dumps({"data": {"token": TOKEN}, "expires": 60}).encode() if good
                       else b'{"error":"wrong password"}', 200 if good else 401)
        elif self.path == "/session":
            self.reply(b"ok", 200, [("Set-Cookie", "theme=dark"), ("Set-Cookie", f"sid={TOKEN}; HttpOnly; Path=/")])
        elif self.path == "/echo":
            self.reply(body, 200, [("Content-Type", self.headers.get("Content-Type", ""))])
        elif self.path == "/json":
            good = self.headers.get("Content-Type") == "application/json"
            self.reply(json.dumps({"made": uuid.uuid4().hex, "of": json.loads(body)}).encode() if good
                       else b"what is that?", 201 if good else 415)
        else:
            self.reply(b"no such page", 404)


class Threads(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def raw(port, answer):
    """Answers everything with these bytes."""
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        peer, _ = listener.accept()
        peer.recv(65536)
        peer.sendall(answer)
        peer.close()


def main():
    port, flaw = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    if flaw == "elsewhere":  # another port than the one asked for
        port = 0
    elif flaw == "ends":
        sys.exit("no configuration")
    elif flaw == "other":
        raw(port, b"SSH-2.0-OpenSSH_9.2\r\n")
    elif flaw == "tls":
        raw(port, b"\x15\x03\x01\x00\x02\x02\x46")
    elif flaw == "slow":  # listens late
        time.sleep(2)
    elif flaw == "apart":
        Service.body_apart, Service.disable_nagle_algorithm = True, False
    server = Threads(("127.0.0.1", port), Service)
    if flaw == "told":  # the port that the kernel chose, for whoever starts it
        print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
