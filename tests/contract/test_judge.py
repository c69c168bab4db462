#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika judge, run as a person runs it: rows that no run could have given are
found, sound ones pass, and none of Troika's own tables is accused.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/contract"))
from model_server import MODELS, Server  # noqa: E402

TROIKA = ROOT / os.environ.get("TROIKA_BUILD", "build/release") / "troika"
LIMIT_S = 60
USAGE, BREAKS = 2, 4
# The shape of a published table, with two of its figures: servers that are to
# wait 100 ms for 128 or 512 connections, so 1,280/s or 5,120/s are all there is.
PUBLISHED = """# Results

### Long wait, run for ten seconds

| Server | Total requests | RPS | avg latency | max latency |
| --- | --- | --- | --- | --- |
| first 100ms (c512) | 50291 | 5054 | 100.853ms | 104.491ms |
| second 100ms (c512) | 50276 | 5046 | 100.763ms | 108.566ms |
| third 100ms (c128) | 64360 | 6441 | 19.829ms | 190.223ms |
| fourth 100ms (c128) | 164639 | 16474 | 7.696ms | 3354.149ms |
| fifth 10ms (c512) | 469509 | 47111 | 10.849ms | 79.164ms |
| sixth 100ms (c512) | 0 | 0 | N/A | N/A |
"""
WRK = """Running 10s test @ http://127.0.0.1/x
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    {mean}    1.20ms  48.11ms   91.02%
    Req/Sec     1.52k    60.00     1.61k    80.00%
  Latency Distribution
     50%   {p50}
     99%   26.00ms
  30465 requests in 10.01s, 4.01MB read
Requests/sec:   {rate}
"""


def judge(*words: str, text: str | bytes = b"") -> subprocess.CompletedProcess:
    data = text.encode() if isinstance(text, str) else text
    done = subprocess.run([TROIKA, "judge", *words], input=data, capture_output=True, timeout=LIMIT_S, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


class Judge(unittest.TestCase):
    def verdicts(self, *words: str, text: str, code: int) -> dict:
        done = judge("-", "-f", "json", *words, text=text)
        self.assertEqual(code, done.returncode, done)
        self.assertEqual("", done.stderr)
        rows = json.loads(done.stdout)["rows"]
        return {row["name"] or row["format"]: row for row in rows}

    def broken(self, row: dict) -> list[str]:
        return [law["law"] for law in row["laws"] if law["verdict"] == "breaks"]


class Rows(Judge):
    def test_a_published_table(self):
        rows = self.verdicts("--rows", "100ms", "--wait", "100ms", text=PUBLISHED, code=BREAKS)
        self.assertEqual({"first 100ms (c512)": [], "second 100ms (c512)": [], "sixth 100ms (c512)": [],
                          "third 100ms (c128)": ["closed-loop", "under-wait"],
                          "fourth 100ms (c128)": ["closed-loop", "under-wait"]},
                         {name: self.broken(row) for name, row in rows.items()})
        law = rows["fourth 100ms (c128)"]["laws"][0]
        self.assertEqual(1280, law["bound"])
        self.assertAlmostEqual(16474 / 1280, law["ratio"], 3)
        self.assertIn("agree with each other", law["explanation"])
        self.assertEqual((9, "stdin", "markdown"), tuple(rows["third 100ms (c128)"][k] for k in ("line", "file", "format")))
        said = judge("-", "--rows", "100ms", "--wait", "100ms", text=PUBLISHED).stdout
        self.assertIn("stdin:10: fourth 100ms (c128): BREAKS closed-loop, under-wait\n", said)
        self.assertIn("5 rows: 2 break a law, 0 suspicious, 3 sound, 0 cannot be told\n", said)

    def test_its_sound_rows(self):
        for words in ((), ("--rows", "10ms (c512)", "--wait", "10ms"), ("--loop", "closed")):
            self.verdicts(*words, text=PUBLISHED, code=0)

    def test_a_row_of_flags(self):
        done = judge("--rate", "16474", "--connections", "128", "--wait", "100ms", "--mean", "7.7ms")
        self.assertEqual(BREAKS, done.returncode)
        self.assertIn("  closed-loop: 16,474/s, but 128 connections and a wait of 100ms allow 1,280/s: 12.9 times as much\n",
                      done.stdout)
        self.assertIn("  under-wait: mean 7.7ms, but", done.stdout)
        self.assertIn("workers (--workers), cpu (--cpu, --cores)", done.stdout)
        for words in ("--rate 1270 --connections 128 --wait 100ms --mean 101ms --p50 100ms --p99 104.2ms --max 120ms",
                      "--rate 900 --workers 8 --wait 8ms --cpu 2ms --cores 2", "--p99 1s"):
            self.assertEqual(0, judge(*words.split()).returncode, words)
        for words in ("--p50 20ms --p99 10ms", "--rate 900 --cpu 5ms --cores 2", "--rate 900 --workers 4 --wait 20ms",
                      "--rate 1000 --mean 80ms --connections 64 --loop closed"):
            self.assertEqual(BREAKS, judge(*words.split()).returncode, words)

    def test_an_output_that_somebody_changed(self):
        sound = WRK.format(mean="21.01ms", p50="20.80ms", rate="3043.46")
        self.verdicts("--wait", "20ms", text=sound, code=0)
        for laws, words, text in (
                (["count"], (), WRK.format(mean="21.01ms", p50="20.80ms", rate="6043.46")),
                (["mean", "order"], (), WRK.format(mean="21.01ms", p50="60.80ms", rate="3043.46")),
                (["mean", "under-wait"], ("--wait", "20ms"), WRK.format(mean="21.01ms", p50="2.80ms", rate="3043.46")),
                (["closed-loop", "under-wait"], ("--wait", "50ms"), sound)):
            row = self.verdicts(*words, text=text, code=BREAKS)["http://127.0.0.1/x"]
            self.assertEqual(laws, sorted(self.broken(row)), text)

    def test_a_mean_that_is_raised_is_no_accusation(self):
        """wrk adds samples; other programs' tables may be of HTTP/2."""
        row = self.verdicts(text=WRK.format(mean="22.90ms", p50="20.80ms", rate="3043.46"), code=0)
        self.assertEqual("suspicious", row["http://127.0.0.1/x"]["verdict"])

    def test_several_files_and_formats(self):
        with tempfile.TemporaryDirectory() as folder:
            table, csv = pathlib.Path(folder, "a.md"), pathlib.Path(folder, "b.csv")
            table.write_text(PUBLISHED)
            csv.write_text("name,rps,p50 (ms),p99 (ms)\nx,900,10,5\ny,900,10,12\n")
            done = judge(str(table), str(csv), "-f", "json")
            self.assertEqual(BREAKS, done.returncode)
            told = json.loads(done.stdout)
            self.assertEqual({"breaks": 1, "suspicious": 0, "sound": 6, "cannot_tell": 1}, told["counts"])
            self.assertEqual({str(table), str(csv)}, {row["file"] for row in told["rows"]})
            self.assertEqual(USAGE, judge(str(csv), "--input-format", "wrk").returncode)
        self.assertEqual(1, judge("/nowhere/x").returncode)

    def test_a_unit_for_columns_without(self):
        text = "name,p50,p99\nx,10,5\n"
        self.assertEqual(USAGE, judge("-", text=text).returncode)
        self.assertEqual(BREAKS, judge("-", "--unit", "ms", text=text).returncode)


class Refusals(Judge):
    def test_flags(self):
        for words, said in (("", "nothing to judge"), ("--wait 100ms", "nothing to judge"), ("--mean 7", "give a time with its unit"),
                            ("--mean 0ms", "give a time"), ("--rate x", "requests per second"), ("--rate 0", "requests per second"),
                            ("--connections 1.5 --rate 1", "a whole number"), ("--unit h -", "there is ns, us, ms, s"),
                            ("--rate 5 --rate 6", "given twice"), ("--rows x --rate 5", "no effect"),
                            ("--input-format xml -", "there is auto|wrk"), ("--max 1e999s --rate 5", "give a time")):
            done = judge(*words.split())
            self.assertEqual(USAGE, done.returncode, (words, done))
            self.assertIn(said, done.stderr, words)
            self.assertEqual("", done.stdout, words)
        self.assertEqual(USAGE, judge("-", "--rows", "seventh", text=PUBLISHED).returncode)

    def test_contents(self):
        wide = "|" + "a|" * 100000 + "\n|" + "-|" * 100000 + "\n|" + "1|" * 100000 + "\n"
        for text in (b"", b"\0" * 9000, b"\xff\xfe" * 50, b"hello\n", b"{\"a\": 1e999}", b"{\"rps\": 12", b"[" * 5000,
                     b"| RPS |\n|---|\n| -5 |\n| nan |\n| 1e999 |\n", wide.encode(), b"a,b\n1,2\n",
                     b"rps\n" + b"9" * 500):
            done = judge("-", text=text)
            self.assertEqual(USAGE, done.returncode, (text[:40], done))
            self.assertRegex(done.stderr, r"^troika judge: stdin:\d+: ", text[:40])
            self.assertEqual(1, done.stderr.count("\n"), text[:40])
        done = judge("-", text=b"x" * (17 << 20))
        self.assertEqual(USAGE, done.returncode)
        self.assertIn("larger than 16 MiB", done.stderr)

    def test_odd_bytes_beside_figures(self):
        text = "\ufeff" + PUBLISHED.replace("\n", "\r\n").replace("first", "f\0\x1b[31m\u20ac")
        rows = self.verdicts("--wait", "100ms", "--rows", "100ms", text=text, code=BREAKS)
        self.assertEqual(2, sum(self.broken(row) != [] for row in rows.values()))
        self.assertIn("f \u20ac 100ms (c512)", rows)


class Own(Judge):
    """Troika's own tables and outputs."""

    FORMATS = ("text", "json", "csv", "markdown")
    WAIT = "20ms"
    LOADS = (("-c", "1"), ("-c", "16"), ("-c", "64", "-R", "200"))

    def check(self, text: str, *words: str) -> int:
        """The rows that were read; none may be accused."""
        done = judge("-", "-f", "json", *words, text=text)
        self.assertEqual(0, done.returncode, (words, text, done.stdout))
        rows = json.loads(done.stdout)["rows"]
        self.assertEqual([], [row for row in rows if row["verdict"] == "breaks"])
        return len(rows)

    def test_loads(self):
        tables = 0
        for model in sorted({"event-loop", "thread-pool", "thread-per-request"} & set(MODELS)):
            with Server(model) as server:
                url = f"http://127.0.0.1:{server.port}/wait?delay={self.WAIT}"
                for flags in self.LOADS:
                    for form in self.FORMATS:
                        done = subprocess.run([TROIKA, "load", *flags, "-d", "300ms", "--warmup", "100ms", "-f", form, url],
                                              capture_output=True, text=True, timeout=LIMIT_S, check=False)
                        self.assertNotEqual("", done.stdout, done)
                        # CSV and Markdown do not say their connections, nor how long the load lasted.
                        tables += self.check(done.stdout, "--wait", self.WAIT, "-c", flags[1], "-d", "300ms")
        self.assertGreaterEqual(tables, 30)

    def test_reports(self):
        rows = 0
        pages = [*ROOT.glob("tests/report/golden/*.md"), ROOT / "docs/sample/report/report.md"]
        for page in pages:
            text = page.read_text()
            if "throughput, /s" in text:
                rows += self.check(text)
        self.assertGreater(rows, 30)

    def test_a_table_of_another_wait_is_found(self):
        """What passes above does not pass by blindness."""
        with Server("event-loop") as server:
            url = f"http://127.0.0.1:{server.port}/wait?delay={self.WAIT}"
            for form in self.FORMATS:
                done = subprocess.run([TROIKA, "load", "-c", "16", "-d", "300ms", "--warmup", "100ms", "-f", form, url],
                                      capture_output=True, text=True, timeout=LIMIT_S, check=False)
                self.assertEqual(BREAKS, judge("-", "--wait", "200ms", "-c", "16", text=done.stdout).returncode, form)


@unittest.skipUnless(shutil.which("wrk") and shutil.which("h2load"), "wrk or h2load is missing")
class Others(Judge):
    """Programs of others, as they are installed."""

    def test_real_outputs(self):
        with Server("event-loop") as server:
            url = f"http://127.0.0.1:{server.port}/wait?delay=20ms"
            commands = [["wrk", "-t1", "-c16", "-d1s", "--latency", url], ["h2load", "--h1", "-c16", "-n400", url]]
            if shutil.which("hey"):
                commands.append(["hey", "-n", "400", "-c", "16", url])
            for command in commands:
                said = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True).stdout
                row, = self.verdicts("--wait", "20ms", "-c", "16", text=said, code=0).values()
                self.assertNotEqual("cannot_tell", row["verdict"])
                row, = self.verdicts("--wait", "200ms", "-c", "16", text=said, code=BREAKS).values()
                self.assertIn("under-wait", self.broken(row), command)


if __name__ == "__main__":
    unittest.main()
