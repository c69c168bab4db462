#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The command line of troika load: what it sends, where results go, and the
words of its refusals. Every answer in tests/answers.txt also goes through the
whole program.
"""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
TROIKA = str(BUILD / "troika")
LIMIT_S = 60
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CLOSED = "http://127.0.0.1:1/"


class Server:
    """Gives `answer` to every request, and closes a connection after `most`
    requests. With `unasked` it sends that to every new connection and closes
    it. Each read is taken for a whole request."""

    def __init__(self, answer: bytes = OK, close: bool = False, pieces: int = 0,
                 most: int = 0, host: str = "127.0.0.1", unasked: bytes | None = None):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family, backlog=64)
        self.port = self.listener.getsockname()[1]
        self.answer, self.close, self.pieces, self.most = answer, close, pieces, most
        self.unasked = unasked
        self.requests: list[bytes] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                if self.unasked is not None:
                    with peer, contextlib.suppress(ConnectionError):
                        peer.sendall(self.unasked)
                    continue
                threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def put(self, peer: socket.socket) -> None:
        if not self.pieces:
            peer.sendall(self.answer)
            return
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(self.answer), self.pieces):
            peer.sendall(self.answer[at:at + self.pieces])

    def serve(self, peer: socket.socket) -> None:
        count = 0
        with peer, contextlib.suppress(OSError):
            while request := peer.recv(1 << 16):
                count += 1
                if self.most and count > self.most:
                    return
                self.requests.append(request)
                self.put(peer)
                if self.close:
                    return

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self.listener.close()


def run(*arguments: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run([TROIKA, "load", *arguments], capture_output=True, text=True,
                          timeout=LIMIT_S, check=False, **more)


def load(server: Server, *arguments: str, **more) -> tuple[int, dict]:
    done = run("--format", "json", "-c", "1", "-n", "1", *arguments,
               f"http://127.0.0.1:{server.port}/", **more)
    return done.returncode, json.loads(done.stdout)


def unescaped(text: str) -> bytes:
    named = {"r": "\r", "n": "\n", "t": "\t", "s": " "}
    text = re.sub(r"\{(.*?)\}\{(\d+)\}", lambda m: m[1] * int(m[2]), text)
    return re.sub(r"\\(x..|.)", lambda m: chr(int(m[1][1:], 16)) if m[1][0] == "x" and
                  len(m[1]) == 3 else named.get(m[1], m[1]), text).encode("latin-1")


def answers() -> list[tuple[str, ...]]:
    rows = []
    for line in (ROOT / "tests/answers.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            row, _, words = line.partition(" ; ")
            rows.append((*row.split(), words))
    return rows


class Answers(unittest.TestCase):
    def check(self, row: tuple[str, ...], pieces: int) -> None:
        outcome, method, end, text, words = row
        with Server(unescaped(text), close=end == "close", pieces=pieces) as server:
            _, result = load(server, "-m", method, "--expect", self.ok, "--timeout", "20s")
        requests, failure = result["requests"], result["failure"] or ""
        expected = {"ok": "ok", "other": "wrong", "malformed": "io_error",
                    "cut": "io_error"}.get(outcome, "http_error")
        if "after the answer" in words and pieces:
            return  # whether they arrive before the end is seen depends on chance
        self.assertEqual(1, requests[expected], (row, failure))
        self.assertEqual(int(outcome == "malformed"), result["failures"]["malformed"], row)
        if outcome == "malformed":
            self.assertIn(words, failure)
        if expected == "http_error":
            self.assertIn(outcome, failure)
        if outcome == "cut":
            self.assertIn("cut off", failure)

    def test_the_table(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.ok = f"{folder}/ok"
            pathlib.Path(self.ok).write_text("hello")
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                # tests/unit/load_answers.c cuts answers anywhere; here every fifth, byte by byte.
                runs = [(row, pool.submit(self.check, row, pieces))
                        for number, row in enumerate(answers())
                        for pieces in ((0, 1) if number % 5 == 0 and "{" not in row[3] else (0,))]
            for row, run_of in runs:
                with self.subTest(row=row):
                    run_of.result()


class Searched(unittest.TestCase):
    def test_a_search_says_what_was_wrong_with_the_answers(self) -> None:
        for answer, words in ((b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", "status 304"),
                              (b"HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello",
                               "carriage return"),
                              (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "cut off")):
            with Server(answer, close=b"hello" not in answer) as server:
                done = subprocess.run(
                    [TROIKA, "search", "--url", f"http://127.0.0.1:{server.port}/", "--slo",
                     "p50<300ms", "--step", "60ms", "--warmup", "10ms", "-c", "2", "-o", "-",
                     "-q"], capture_output=True, text=True, timeout=LIMIT_S, check=False)
            self.assertEqual(3, done.returncode, done)
            (searched,) = json.loads(done.stdout)["searched"]
            self.assertIn(words, searched["capacity"]["steps"][-1]["why"])


class Unopened(unittest.TestCase):
    """No connection stays open, and the result says why."""

    def test_a_server_that_talks_first(self) -> None:
        with Server(unasked=b"220 mail.example\r\n") as server:
            url = f"http://127.0.0.1:{server.port}/"
            ways = (["-c", "1"], ["-c", "4"], ["-c", "4", "--churn"], ["-R", "500"])
            runs = [run("-n", "5", *extra, url) for extra in ways]
            for _ in range(20):
                if any("without being asked" in done.stderr for done in runs):
                    break
                runs += [run("-n", "5", *extra, url) for extra in ways]
            else:
                self.fail(runs)
            runs += [subprocess.run(
                [TROIKA, "search", "--url", url, "--slo", "p50<300ms", "--step", "60ms",
                 "--warmup", "10ms", "-o", "-", "-q"], capture_output=True, text=True,
                timeout=LIMIT_S, check=False)]
        for done in runs:
            told = done.stdout + done.stderr
            self.assertNotIn("refused", told)
            # A request may already be sent when the bytes arrive.
            self.assertRegex(told, 'without being asked: 18 bytes, "220 mail.example"|'
                                   "not HTTP: it does not begin with HTTP/")

    def test_a_handshake_without_an_answer(self) -> None:
        with Server(b"") as server:
            done = run("--check", "--timeout", "200ms",
                       f"http://127.0.0.1:{server.port}/websocket")
        self.assertEqual(1, done.returncode, done)
        self.assertIn("no answer to the WebSocket handshake in time", done.stderr)


class Kept(unittest.TestCase):
    """A server that closes a kept connection after some requests."""

    def test_asked_once_more_and_told(self) -> None:
        with Server(most=10) as server:
            done = run("-n", "95", "-c", "1", f"http://127.0.0.1:{server.port}/")
            self.assertEqual(0, done.returncode, done)
            self.assertIn("the server closed 9 kept connections before any byte of an answer; these "
                          "requests were sent once more", done.stdout)
            self.assertIn("that is 9.47 % of the requests (limit 1 %)", done.stdout)
            code, result = load(server, "-n", "95")
        self.assertEqual((0, 95, 9), (code, result["requests"]["ok"],
                                      result["requests"]["resent"]))
        self.assertIsNone(result["failure"])
        self.assertEqual(9, result["connections"]["reopened"])

    def test_open_loops_count_from_the_first_sending(self) -> None:
        with Server(most=10) as server:
            code, result = load(server, "-n", "50", "-R", "500")
        requests = result["requests"]
        self.assertEqual((0, 50), (code, requests["ok"]))
        self.assertEqual(50, result["latency"]["response"]["count"])

    def test_what_may_have_an_effect_is_never_sent_twice(self) -> None:
        with Server(most=10) as server:
            code, result = load(server, "-n", "95", "-m", "POST")
            self.assertEqual(3, code)
            self.assertEqual(0, result["requests"]["resent"])
            self.assertGreater(result["failures"]["reset"], 5)
            self.assertIn("without an answer", result["failure"])
            self.assertEqual(95, len(server.requests) + result["failures"]["reset"])

    def test_a_fresh_connection_that_is_closed_is_a_failure(self) -> None:
        with Server(b"", close=True) as server:
            code, result = load(server, "-n", "5")
        self.assertEqual((3, 5, 0), (code, result["failures"]["reset"],
                                     result["requests"]["resent"]))
        self.assertIn("closed without an answer", result["failure"])


class Requests(unittest.TestCase):
    def sent(self, *arguments: str, **more) -> bytes:
        with Server() as server:
            code, result = load(server, *arguments, **more)
            self.assertEqual((0, 1), (code, result["requests"]["ok"]), result)
            return server.requests[0].replace(str(server.port).encode(), b"PORT")

    def test_methods_and_bodies(self) -> None:
        host = b" / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n"
        self.assertEqual(b"GET" + host + b"\r\n", self.sent())
        self.assertEqual(b"POST" + host + b"Content-Length: 3\r\n\r\na=1",
                         self.sent("--body", "a=1"))
        self.assertEqual(b"PUT" + host + b"Content-Length: 3\r\n\r\na=1",
                         self.sent("-X", "PUT", "--data", "a=1"))
        self.assertEqual(b"DELETE" + host + b"\r\n", self.sent("-m", "DELETE"))
        self.assertEqual(b"POST" + host + b"Content-Length: 0\r\n\r\n",
                         self.sent("--method", "POST"))
        self.assertEqual(b"POST" + host + b"Content-Length: 2\r\n\r\nin",
                         self.sent("--body-file", "-", input="in"))

    def test_headers(self) -> None:
        self.assertIn(b"\r\nX-Tab: a\tb\r\n", self.sent("-H", "X-Tab: a\tb"))
        sent = self.sent("-H", "host: other")
        self.assertIn(b"host: other\r\n", sent)
        self.assertNotIn(b"Host:", sent)

    def test_a_number_of_requests_is_kept(self) -> None:
        for extra in (["-c", "3"], ["-c", "5", "-t", "3"], ["-R", "2000", "-c", "9"],
                      ["--churn", "-c", "4", "-t", "2"], ["-c", "200"]):
            with self.subTest(extra=extra), Server() as server:
                code, result = load(server, *extra, "-n", "101")
                self.assertEqual(0, code)
                self.assertEqual(101, result["requests"]["ok"])
                self.assertEqual(101, result["requests"]["scheduled"])
                self.assertEqual(101, len(server.requests))

    def test_a_number_of_requests_ends_although_nothing_answers(self) -> None:
        with Server(b"", close=True) as server:
            code, result = load(server, "-n", "20", "-c", "4")
        self.assertEqual((3, 20), (code, result["requests"]["io_error"]))

    def test_connections_that_end_before_the_first_request_lose_none(self) -> None:
        for connections, number in ((1, 1), (1, 10), (4, 1), (4, 10), (4, 40), (16, 10), (16, 100)):
            for extra in ([], ["--churn"], ["-R", "2000"]):
                with self.subTest(connections=connections, number=number, extra=extra), \
                        Server(unasked=b"") as server:
                    code, result = load(server, "-c", str(connections), "-n", str(number), *extra)
                    requests = result["requests"]
                    self.assertEqual((3, number), (code, requests["scheduled"]), result)
                    self.assertEqual(number, requests["io_error"], result)


class Addresses(unittest.TestCase):
    def test_ipv6_and_names_with_several_addresses(self) -> None:
        try:
            server = Server(host="::1")
        except OSError:
            self.skipTest("no IPv6 here")
        with server:
            for host in ("[::1]", "localhost", "LOCALHOST"):
                done = run("-n", "1", f"http://{host}:{server.port}/")
                self.assertEqual(0, done.returncode, done)
                self.assertIn(f"([::1]:{server.port})", done.stdout.splitlines()[0])
                self.assertIn(f"Host: {host}:{server.port}\r\n".encode(), server.requests[-1])
        done = run("-n", "1", f"http://localhost:{server.port}/")
        self.assertEqual(1, done.returncode)
        for words in ("127.0.0.1:", "[::1]:", "Connection refused", "is the server running?"):
            self.assertIn(words, done.stderr)

    def test_each_odd_url_has_its_sentence(self) -> None:
        sentences = {}
        for url, words in (
                ("http://user:pw@h:1/", "user names"), ("unix:/x.sock", "Unix sockets"),
                ("http:/h", "two slashes"), ("https://h", "TLS"), ("http:///x", "host name"),
                ("http://h:0/", "port 0"), ("http://h:65536/", "1 to 65535"),
                ("http://h:-1/", "whole number"), ("http://[::1/", "not closed"),
                ("http://[::1]x/", "only :PORT"), ("http://::1:80/", "in brackets:"),
                ("http://[fe80::1%25eth0]/", "zone"), ("http://[zz]/", "no IPv6 address"),
                ("http://a b/", "%20"), ("http://a\x01/", "control"),
                ("http://\u00e4/", "ASCII"), ("ftp://h/", "only http://"),
                ("ws://h/", "WebSockets"), ("http://a<b/", "no name has"),
                ("http://h/" + "x" * 5000, "4,095")):
            with self.subTest(url=url):
                done = run("-n", "1", url)
                self.assertEqual(2, done.returncode, done)
                self.assertIn(words, done.stderr)
                self.assertTrue(done.stderr.splitlines()[0].isprintable(), done.stderr)
                sentence = done.stderr.splitlines()[0].partition('": ')[2]
                self.assertNotIn(sentence, sentences, url)
                sentences[sentence] = url
        for url in ("http://127.0.0.1:/", "127.0.0.1:1", "http://127.0.0.1:1?x#y"):
            self.assertIn(run("-n", "1", url).returncode, (0, 1, 3), url)


class Refused(unittest.TestCase):
    def refused(self, words: str, *arguments: str) -> None:
        with self.subTest(arguments=arguments):
            done = run(CLOSED, *arguments)
            self.assertEqual(2, done.returncode, done)
            self.assertEqual("", done.stdout)
            self.assertIn(words, done.stderr)

    def test_headers_that_break_a_request(self) -> None:
        for words, header in (("--body", "Content-Length: 5"), ("--body", "content-length:5"),
                              ("--body", "Transfer-Encoding: chunked"),
                              ("Name: value", "a"), ("Name: value", ": b"),
                              ("no header's has", "a b: c"), ("no header's has", "a : c"),
                              ("no header's has", "a(: c"), ("control", "a: b\r\nc: d"),
                              ("control", "a: \x7f"), ("control", "a: \x01")):
            self.refused(words, "-H", header)
        self.refused("one Host", "-H", "Host: a", "-H", "host: b")

    def test_limits_are_named(self) -> None:
        self.refused("100,000,000 requests", "-R", "1000000000000", "-d", "100ms")
        self.refused("100,000,000 requests", "-R", "1e12/s".replace("e12", "000000000000"))
        self.refused("24h", "-d", "25h")
        self.refused("24h", "--timeout", "100h")
        self.refused("1000000000", "-n", "0")
        self.refused("--connections 0: give a whole number from 1 to", "-c", "0")
        self.refused('--connections "": give', "-c", "")
        self.refused('--duration "": give a time', "-d", "")
        self.refused("--seed x: give a whole number\n", "--seed", "x")
        self.refused("0 to 9223372036854775807", "--seed", "9223372036854775808")
        self.refused("--warmup", "-n", "5", "--warmup", "1s")
        self.assertEqual(1, run(CLOSED, "-R", "200/s", "-d", "1ms").returncode)

    def test_habits_of_other_tools(self) -> None:
        for arguments, words in (
                (["-L"], "--percentiles"), (["--latency"], "--percentiles"),
                (["-s", "x"], "--body"), (["-q", "5"], "-R"), (["-k"], "kept"),
                (["-I"], "-m HEAD"), (["-h"], "--help"), (["-d", "{}"], "--body"),
                (["-o", "csv"], "--format csv"), (["-o", "json"], "--format json"),
                (["-m", "get"], "capitals"), (["-X", "CONNECT"], "tunnels"),
                (["-p", "x"], "--body-file"),
                (["--disable-keepalive"], "--churn"), (["-A", "x"], "-H"),
                (["-u", "a:b"], "-H"), (["-a", "a:b"], "-H"), (["--http2"], "HTTP/1.1"),
                (["--data-binary", "x"], "--body"), (["-x", "p"], "proxies"),
                (["-T", "x"], "-H 'Content-Type"), (["-C", "x"], "-H 'Cookie"),
                (["--json"], "--format json"), (["--max-time", "3"], "--timeout"),
                (["-v"], "failure"), (["-w"], "markdown")):
            self.refused(words, *arguments)
        self.refused("not both", "--body", "a", "--body-file", "b")
        self.refused("standard input", "--body-file", "-", "--expect", "-")


class Thresholds(unittest.TestCase):
    def test_one_that_bad_figures_meet_is_asked_about(self) -> None:
        for given, meant in (("p99>50ms", "p99<50ms"), ("p50>1s", "p50<1s"),
                             ("mean>20ms", "mean<20ms"), ("rps<2000", "rps>2000"),
                             ("mem>1GiB", "mem<1GiB"), ("cpu_us>80", "cpu_us<80"),
                             ("err>1%", "err<1%")):
            done = subprocess.run([TROIKA, "bench", "--dry-run", "--threshold", given, "floor"],
                                  capture_output=True, text=True, timeout=LIMIT_S, check=False)
            self.assertEqual(2, done.returncode, done)
            self.assertIn(f"is {meant} meant?", done.stderr)


class Outputs(unittest.TestCase):
    def test_dash_is_standard_output_and_input(self) -> None:
        with Server() as server, tempfile.TemporaryDirectory() as folder:
            url = f"http://127.0.0.1:{server.port}/"
            done = run(url, "-n", "3", "--format", "csv", "-o", "-", cwd=folder)
            self.assertIn("requests_ok,3\n", done.stdout)
            done = run(url, "-n", "3", "--hgrm", "-", cwd=folder)
            self.assertIn("3 ok", done.stdout)
            self.assertIn("TotalCount", done.stdout)
            done = run(url, "-n", "3", "--hgrm", "-", "--format", "json", cwd=folder)
            self.assertEqual(2, done.returncode)
            for body, code in (("hello", 0), ("other", 3)):
                done = run(url, "-n", "3", "--expect", "-", cwd=folder, input=body)
                self.assertEqual(code, done.returncode, done)
            self.assertEqual([], os.listdir(folder))

    def test_what_cannot_be_written_ends_with_1(self) -> None:
        with Server() as server, open("/dev/full", "w") as full:
            url = f"http://127.0.0.1:{server.port}/"
            for extra in ([], ["--format", "json"], ["--format", "csv"], ["--hgrm", "-"]):
                done = subprocess.run([TROIKA, "load", url, "-n", "3", *extra], text=True,
                                      stdout=full, stderr=subprocess.PIPE, timeout=LIMIT_S,
                                      check=False)
                self.assertEqual(1, done.returncode, (extra, done.stderr))
                self.assertIn("standard output cannot be written", done.stderr)
            for option in ("-o", "--hgrm"):
                done = run(url, "-n", "3", option, "/dev/full")
                self.assertEqual(1, done.returncode, done)
                self.assertIn("/dev/full: ", done.stderr)
                done = run(url, "-n", "3", option, "/no/such/folder/x")
                self.assertEqual(1, done.returncode, done)

    def test_percentiles_are_printed_once(self) -> None:
        with Server() as server:
            done = run(f"http://127.0.0.1:{server.port}/", "-n", "3", "--percentiles",
                       "50,50.0,90,50")
        self.assertEqual(1, done.stdout.count("    p50 "), done.stdout)
        self.assertEqual(1, done.stdout.count("    p90 "))


if __name__ == "__main__":
    unittest.main()
