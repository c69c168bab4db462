#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a person sees on a real pseudo-terminal, whose screen a model of a terminal
keeps (pyte). Nothing wraps, the state of what runs is redrawn in place, and a pipe
gets lines."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

try:
    import pyte
except ImportError:
    pyte = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import gates  # noqa: E402

TROIKA = ROOT / os.environ.get("TROIKA_BUILD", "build/release") / "troika"
LIMIT_S = 120
# Neither a busy machine nor a slow build may change what is drawn.
QUIET = {"TROIKA_DISABLE_GATE": gates.all_but(TROIKA)}
TINY = """[experiment]
title = Tiny
question = What is drawn?
models = serial, event-loop
blocks = 2
warmup = 50ms
window = 200ms

[cell hello]
workload = hello
connections = 2

[cell waits]
workload = wait
delay = 1ms
connections = 4
"""


class Terminal:
    """A child on a pseudo-terminal; `frames` are the screens that it showed: after
    each update that is whole (mode 2026), and in the end."""

    def __init__(self, columns: int, rows: int, *words: str, cwd: pathlib.Path, env: dict | None = None):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.bytes = self.pending = b""
        self.frames: list[list[str]] = []
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(cwd)
            os.execve(TROIKA, [str(TROIKA), *words], os.environ | {"TERM": "xterm"} | QUIET | (env or {}))

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def lines(self) -> list[str]:
        """What was printed, without control sequences."""
        return re.sub(r"\033\[[0-9;?]*[A-Za-z]|\r", "", self.bytes.decode()).split("\n")

    def too_wide(self) -> list[str]:
        """Lines that the terminal breaks, but those of one long word, such as a path."""
        return [line for line in self.lines() if len(line) > self.screen.columns and " " in line.strip()]

    def press_ctrl_c(self) -> None:
        os.write(self.fd, b"\x03")

    def display(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    def take(self, got: bytes) -> None:
        """A read may end within an update, and within the sequence that ends one."""
        self.bytes += got
        self.pending += got
        *updates, self.pending = re.split(rb"(?<=\033\[\?2026l)", self.pending)
        for update in updates:
            self.stream.feed(update)
            self.frames.append(self.display())
        if not self.pending.startswith(b"\033"):
            self.stream.feed(self.pending)
            self.pending = b""

    def follow(self, seconds: float = LIMIT_S, until: str | None = None) -> bool:
        """Until the child ends, or the screen shows the words."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                got = os.read(self.fd, 65536)
            except OSError:
                got = b""
            if not got:
                self.stream.feed(self.pending)
                self.frames.append(self.display())
                return False
            self.take(got)
            if until and any(until in line for line in self.display()):
                return True
        raise AssertionError("the terminal did not come to an end")

    def wait(self) -> int:
        self.follow()
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return code


def pipe(*words: str, cwd: pathlib.Path) -> subprocess.CompletedProcess:
    return subprocess.run([TROIKA, *words], cwd=cwd, capture_output=True, timeout=LIMIT_S, check=False, text=True,
                          env=os.environ | QUIET | {"TERM": "xterm"})


@unittest.skipUnless(pyte, "python3-pyte is missing (make deps-install)")
class Live(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "tiny.ini").write_text(TINY)
        self.words = ("bench", "--wait-for-quiet=0s", "--allow-any-build", f"--output={self.folder}/runs", "tiny.ini")

    def bench(self, columns: int, rows: int, env: dict | None = None) -> Terminal:
        terminal = Terminal(columns, rows, *self.words, cwd=self.folder, env=env)
        self.code = terminal.wait()
        return terminal

    def states(self, terminal: Terminal) -> list[list[str]]:
        """The frames that show the state."""
        return [f for f in terminal.frames if any(re.match(r"tiny .*[0-9]/8", line) for line in f)]

    def test_the_state_is_redrawn_in_place(self):
        for columns in (80, 40):
            with self.subTest(columns=columns):
                terminal = self.bench(columns, 24)
                states = self.states(terminal)
                self.assertGreater(len(states), 4)
                for frame in states:
                    heads = [line for line in frame if re.match(r"tiny .*[0-9]/8", line)]
                    self.assertEqual(1, len(heads), frame)  # an old one is gone
                last = states[-1]
                self.assertTrue(any(re.match(r"serial +.*/s", line) for line in last), last)
                self.assertTrue(any(line.startswith("machine: ") for line in last), last)
                best = [line for line in last if "<" in line]
                self.assertTrue(best, last)
                # In the end nothing of it is left above the results.
                self.assertFalse(any(re.match(r"tiny .*[0-9]/8 ", line) for line in terminal.frames[-1]))

    def test_it_ends_in_ten_lines(self):
        ending = r"^(hello|waits): .*(leads|alike|too close to call|not told apart by so few blocks|no figure)"
        said = pipe(*self.words, cwd=self.folder).stdout.splitlines()
        self.assertLessEqual(len(said), 10, said)
        self.assertEqual(2, sum(bool(re.search(ending, line)) for line in said), said)
        for columns in (80, 40):
            with self.subTest(columns=columns):
                terminal = self.bench(columns, 24)
                self.assertEqual([], terminal.too_wide())
                text = " ".join(" ".join(terminal.lines()).split())
                # On a busy machine a line has more to say, and takes the rows of the other.
                self.assertRegex(text, r"(hello: .* waits: |(hello|waits): .* and 1 more load point ).*of 8 trials valid")
                self.assertLessEqual(len(self.ending(terminal)), 10 * 80 // columns, terminal.lines())
        run = self.folder / "runs" / "latest"
        full = pipe("summarise", str(run), cwd=self.folder).stdout
        self.assertRegex(full, r"tiny: Tiny\n +hello: ")
        log = (run / "log.txt").read_text()
        for line in full.splitlines()[:6]:
            self.assertIn(line, log)

    def ending(self, terminal: Terminal) -> list[str]:
        """The rows from the last warning that gates are off."""
        rows = [row for row in terminal.frames[-1] if row]
        return rows[max(i for i, row in enumerate(rows) if row.startswith("NOT TO BE TRUSTED")):]

    def test_a_bad_run_ends_in_ten_rows_too(self):
        """Gates are off, there are more load points than fit, and one of the runs is not complete."""
        cells = "".join(f"[cell a-load-point-with-a-long-name-{i}]\nworkload = hello\nconnections = 2\n" for i in range(7))
        head = TINY[:TINY.index("[cell")].replace("50ms", "5ms").replace("200ms", "20ms").replace("blocks = 2", "blocks = 1")
        (self.folder / "tiny.ini").write_text(head + cells)
        for code in (3, 130):
            with self.subTest(code=code):
                terminal = Terminal(80, 40, *self.words, cwd=self.folder)
                if code == 130:
                    terminal.follow(until="9/14")
                    terminal.press_ctrl_c()
                self.assertEqual(code, terminal.wait(), terminal.lines())
                rows = self.ending(terminal)
                self.assertLessEqual(len(rows), 10, rows)
                self.assertEqual([], terminal.too_wide())
                text = "\n".join(rows)
                self.assertRegex(text, r"(?m)^a-load-point-with-a-long-name-\d: ")
                self.assertRegex(text, r"(?m)^and [1-6] more load points?$")
                for word in ("TROIKA_DISABLE_GATE=store", "trials valid;", "files: ", "next: ", *(["INCOMPLETE RUN"] if code == 130 else ["more: "])):
                    self.assertIn(word, text)

    def test_a_terminal_that_becomes_narrower(self):
        terminal = Terminal(100, 24, *self.words, cwd=self.folder)
        terminal.follow(until="2/8")
        terminal.resize(50, 24)
        terminal.wait()
        for frame in self.states(terminal)[-2:]:
            self.assertEqual(1, sum(bool(re.match(r"tiny .*[0-9]/8", line)) for line in frame), frame)
            self.assertTrue(any(line.startswith("8 trials, about") for line in frame), frame)  # and nothing above is lost

    def test_no_colour_and_dumb(self):
        self.assertNotIn(b"\033[1m", self.bench(80, 24, {"NO_COLOR": "1"}).bytes)
        dumb = self.bench(80, 24, {"TERM": "dumb"})
        self.assertNotIn(b"\033[", dumb.bytes)
        self.assertIn(b"1/8 block 1", dumb.bytes)

    def test_a_pipe_gets_lines(self):
        done = subprocess.run([TROIKA, *self.words], cwd=self.folder, capture_output=True, timeout=LIMIT_S, check=False,
                              env=os.environ | QUIET | {"TERM": "xterm"})
        self.assertNotIn(b"\033[", done.stderr + done.stdout)
        # A trial that is repeated has a line more.
        self.assertEqual(set(b"12345678"), {line[0] for line in re.findall(rb"(?m)^[1-8]/8 block ", done.stderr)})
        self.assertLessEqual(len(re.findall(rb"(?m)^[1-8]/8 block ", done.stderr)), 8 + 7)

    def guardian(self, mark: str) -> int:
        """The guardian of the harness that has this in its environment."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
                try:
                    if comm.read_text() == "troika-guardian\n" and mark.encode() in (comm.parent / "environ").read_bytes():
                        return int(comm.parent.name)
                except OSError:
                    continue
        raise AssertionError("there is no guardian")

    def test_what_others_say_stands_above(self):
        """The harness says so when its guardian was killed, from where no screen is known."""
        mark = f"TERMINAL_TEST={os.getpid()}"
        terminal = Terminal(80, 30, *self.words, cwd=self.folder, env=dict([mark.split("=")]))
        terminal.follow(until="1/8")
        os.kill(self.guardian(mark), signal.SIGKILL)
        terminal.wait()
        said = [f for f in self.states(terminal) if any(line.startswith("troika: the guardian was killed") for line in f)]
        self.assertTrue(said)
        for frame in said:
            heads = [i for i, line in enumerate(frame) if re.match(r"tiny .*[0-9]/8", line)]
            self.assertEqual(1, len(heads), frame)
            self.assertLess([line.startswith("troika: the guardian") for line in frame].index(True), heads[0])

    def test_ctrl_c_leaves_a_clean_terminal(self):
        terminal = Terminal(80, 24, *self.words, cwd=self.folder)
        terminal.follow(until="1/8")
        os.kill(terminal.pid, signal.SIGINT)
        self.assertEqual(130, terminal.wait())
        self.assertFalse(any(re.match(r"tiny .*[0-9]/8 ", line) for line in terminal.frames[-1]))


@unittest.skipUnless(pyte, "python3-pyte is missing (make deps-install)")
class Load(unittest.TestCase):
    def setUp(self):
        server = subprocess.Popen([TROIKA.parent / "models" / "event-loop", "--port", "0"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait, LIMIT_S)
        self.addCleanup(server.terminate)
        self.url = f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}/wait?delay=5ms"

    def load(self, columns: int, *words: str, env: dict | None = None) -> Terminal:
        terminal = Terminal(columns, 24, "load", "-c", "4", "--warmup", "200ms", *words, self.url, cwd=ROOT, env=env)
        self.code = terminal.wait()
        return terminal

    def assert_result(self, text: str) -> None:
        self.assertRegex(text, r"\n +throughput +[0-9,.]+/s")
        shares = [float(s) for s in re.findall(r"\n +[0-9.]+ [mun]?s +([0-9.]+) %(?=  [#.]|\s*\n)", text)]
        self.assertEqual(10, len(shares), text)
        self.assertNotRegex(text, r"\n +#+\s*\n")  # a bar on a line of its own
        self.assertAlmostEqual(100, sum(shares), delta=0.1)

    def test_it_is_redrawn_in_place(self):
        for columns in (80, 40):
            with self.subTest(columns=columns):
                terminal = self.load(columns, "-d", "1500ms")
                self.assertEqual(0, self.code)
                states = [f for f in terminal.frames if any(line.startswith("measuring") for line in f)]
                self.assertGreaterEqual(len(states), 3)
                for frame in states:
                    self.assertEqual(1, sum(line.startswith("rate ") for line in frame), frame)
                last = "\n".join(states[-1])
                self.assertRegex(last, r"(?m)^rate [0-9,.]+ ?/s +\S\S")
                self.assertRegex(last, r"(?m)^p50 [0-9.]+ ms  p99 \S+.*  max [0-9.]+ ms$")
                self.assertRegex(last, r"(?m)^[0-9]+ answered, 0 errors$")
                self.assertEqual([], terminal.too_wide())
                # In the end the result alone is left.
                self.assertFalse(any("answered, " in line for line in terminal.frames[-1]), terminal.frames[-1])
                self.assert_result("\n".join(terminal.lines()))

    def test_errors_are_told(self):
        terminal = Terminal(80, 24, "load", "-c", "2", "--warmup", "0s", "-d", "800ms",
                            self.url.split("wait")[0] + "nothing", cwd=ROOT)
        self.assertEqual(3, terminal.wait())
        self.assertTrue(any(re.match("0 answered, [1-9][0-9]* errors", line) for f in terminal.frames for line in f))

    def test_a_terminal_that_becomes_narrower(self):
        terminal = Terminal(100, 24, "load", "-d", "2s", "--warmup", "0s", self.url, cwd=ROOT)
        terminal.follow(until="measuring")
        terminal.resize(40, 24)
        terminal.follow(until="p50")
        terminal.bytes = b""  # of the wider terminal
        terminal.wait()
        self.assertEqual([], terminal.too_wide())

    def test_ctrl_c_keeps_the_figures_so_far(self):
        terminal = Terminal(80, 30, "load", "-c", "4", "-d", "100s", "--warmup", "0s", self.url, cwd=ROOT)
        terminal.follow(until="max")
        terminal.press_ctrl_c()
        self.assertEqual(130, terminal.wait())
        self.assertFalse(any("answered, " in line for line in terminal.frames[-1]), terminal.frames[-1])
        text = "\n".join(terminal.lines())
        self.assertIn("interrupted: the figures are of the time until then", text)
        self.assert_result(text)

    def test_no_colour_dumb_and_pipe(self):
        self.assertNotIn(b"\033[1m", self.load(80, "-d", "500ms", env={"NO_COLOR": "1"}).bytes)
        dumb = self.load(40, "-d", "500ms", env={"TERM": "dumb"})
        self.assertNotIn(b"\033", dumb.bytes)
        self.assertEqual([], dumb.too_wide())
        done = pipe("load", "-c", "4", "-d", "500ms", self.url, cwd=ROOT)
        self.assertEqual("", done.stderr)
        self.assertNotIn("\033", done.stdout)
        self.assert_result(done.stdout)
        json.loads(pipe("load", "-d", "200ms", "--format", "json", self.url, cwd=ROOT).stdout)


@unittest.skipUnless(pyte, "python3-pyte is missing (make deps-install)")
class Search(unittest.TestCase):
    # Any answer keeps this limit, so that steps of 50 ms are enough.
    words = ("search", "event-loop", "serial", "--workload", "wait", "--delay=5ms", "--slo", "p50<9s", "-c", "4",
             "--step", "50ms", "--warmup", "10ms")

    def states(self, terminal: Terminal) -> list[list[str]]:
        return [f for f in terminal.frames if any(re.match(r"p50<9s .*step \d+ of \d+", line) for line in f)]

    def stopped(self, columns: int, words: str, env: dict | None = None) -> Terminal:
        """A search that Ctrl-C ends once the terminal shows these words."""
        terminal = Terminal(columns, 30, *self.words, cwd=ROOT, env=env)
        terminal.follow(until=words)
        terminal.press_ctrl_c()
        self.assertEqual(130, terminal.wait())
        self.assertEqual([], terminal.too_wide())
        return terminal

    def test_it_is_redrawn_in_place_and_ctrl_c_leaves_a_clean_terminal(self):
        for columns in (80, 40):
            with self.subTest(columns=columns):
                terminal = self.stopped(columns, "step 8 of")
                states = self.states(terminal)
                self.assertGreater(len(states), 4)
                for frame in states:
                    self.assertEqual(1, sum(line.startswith("event-loop ") for line in frame), frame)
                    self.assertEqual(1, sum(line.startswith("p50<9s ") for line in frame), frame)
                self.assertTrue(any(re.match(r"event-loop +\w+ +[0-9,.]+ ?/s pass", line) for f in states for line in f), states[-1])
                self.assertFalse(any(line.startswith("p50<9s ") for line in terminal.frames[-1]), terminal.frames[-1])
                self.assertNotRegex("\n".join(terminal.lines()), r"(?m)^event-loop floor .*: pass$")

    def test_dumb(self):
        dumb = self.stopped(60, "serial bisection", {"TERM": "dumb"})
        self.assertNotIn(b"\033", dumb.bytes)
        self.assertRegex("\n".join(dumb.lines()), r"(?m)^event-loop floor .*: pass")

    def test_a_search_of_an_experiment(self):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            (place / "most.ini").write_text("[experiment]\ntitle = Most\nquestion = How much?\nmodels = event-loop\nblocks = 1\n"
                                            "warmup = 10ms\nwindow = 50ms\n\n[cell most]\nworkload = wait\ndelay = 5ms\n"
                                            "mode = search\nslo = p50<9s\nconnections = 4\n")
            terminal = Terminal(80, 24, "bench", "--wait-for-quiet=0s", "--allow-any-build", f"--output={place}/runs", "most.ini",
                                cwd=place)
            terminal.follow(until="event-loop floor")
            terminal.press_ctrl_c()
            self.assertEqual(130, terminal.wait())
            states = [f for f in terminal.frames if any(re.match(r"most .*[01]/1", line) for line in f)]
            self.assertTrue(any(re.match("event-loop +floor", line) for f in states for line in f), terminal.frames[-1])
            self.assertFalse(any(re.match(r"most .*[01]/1", line) for line in terminal.frames[-1]))


@unittest.skipUnless(pyte, "python3-pyte is missing (make deps-install)")
class Texts(unittest.TestCase):
    def test_lists_and_help_fit(self):
        words = [("list",), ("list", "models"), ("list", "workloads", "mixed"), ("list", "experiments"), ("list", "gates"),
                 ("list", "keys"), ("--help",), ("list", "--help"), ("decide", "--help"), ("bench", "--help"), ("serve", "--help")]
        narrow = [("bench", "--help"), ("load", "--help"), ("probe", "--help")]
        for columns, asked in ((80, words), (40, words), (36, narrow), (21, narrow)):
            for given in asked:
                with self.subTest(columns=columns, words=given):
                    terminal = Terminal(columns, 24, *given, cwd=ROOT)
                    self.assertEqual(0, terminal.wait())
                    # A flag may be one word that is wider than the terminal.
                    self.assertEqual([], [line for line in terminal.too_wide() if " " in line.strip()])
                    self.assertNotIn(b"\033", terminal.bytes)


if __name__ == "__main__":
    unittest.main()
