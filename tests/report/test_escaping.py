# SPDX-License-Identifier: MIT
"""Names from users stay plain text: in report.md, the decision record, the page, the
terminal, and the page of the claims.
"""

import json
import re
import unittest

import case
from case import Case

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](http://example.org/x)",
    "`` ` <script>alert(2)</script>",
    "a|b|c",
    "one\ntwo\r\n# three\n\n- four\n```\nfive",
    "**bold** _slant_ *x*",
    "\\<script>\\[x](javascript:1)",
    "&lt;script&gt; &#60;",
    "# heading",
    "[x]: javascript:alert(1)",
    "\x1b[31mred\x00",
    "<!-- comment",
    "ends in <",
)
# Only the tags that the templates write.
MARKUP = re.compile(r"<(?=[A-Za-z/!?])|(?<!\\)\]\((?!\.\./|charts/|adr/|\d{4}-)|^\[.*\]:", re.M)


def hostile(run, text):
    """Replaces every name in an experiment file or a stored run."""
    quick = run["experiments"][0]
    quick.update(title=text, question=text, left_out=text)
    quick["profile"].update(name=text, limit=text)
    for p in quick["load_points"]:
        p.update(query=text, slo=text)
    run.update(command=text, tool_version=text)
    run["environment"].update(kernel=text, cpu_model=text)
    for model in run["models"].values():
        model["summary"] = text
    run["gates"] = [{"id": "little", "fails_when": text}]


def spoilt(trials, text):
    for t in trials:
        t["cell"]["query"] = text
        for gate in t["gates"]:
            gate["words"] = text
        if t["trial_id"] == "quick-b1-spin-serial":
            t.update(valid=False, reason=text)


class Escaping(Case):
    def made(self, text):
        def change(run, trials):
            hostile(run, text)
            spoilt(trials, text)

        self.store(change)
        said = self.report("--summary").stdout
        (record,) = self.records()
        return self.text(), record.read_text(), self.text("index.html"), said

    def test_all_at_once(self):
        """One run that uses all hostile names at once."""
        text = " ".join(HOSTILE)
        report, record, page, said = self.made(text)
        for name, page_text in (("report.md", report), ("record", record)):
            with self.subTest(name):
                # Text between backticks or fences is code, not markup.
                prose = re.sub(r"^```\n.*?\n```$", "", page_text, flags=re.M | re.S)
                prose = re.sub(r"`[^`\n]*`", "", prose)
                found = MARKUP.search(prose)
                around = found and prose[max(found.start() - 80, 0) : found.end() + 40]
                self.assertIsNone(found, around)
                self.assertNotIn("\x1b", page_text)
                self.assertNotIn("\x00", page_text)
                self.assertNotRegex(page_text, r"(?m)^(- four|# three|five)")
                self.assertEqual(page_text.count("\n```") % 2, 0)
        page, own = case.without_own_script(page)
        self.assertEqual(own, 1)
        self.assertNotRegex(page, r"<script|<img|javascript:alert\(1\)[\"']")
        self.assertNotRegex(said, r"[\x00-\x09\x0b-\x1f\x7f]")
        self.assertNotIn("\n- four", said)
        copy = json.loads(self.records()[0].with_suffix(".json").read_text())
        self.assertEqual(copy["decision"]["profile"]["name"], text)
        self.report("--verify")

    def test_commands_stay_as_they_can_be_pasted(self):
        command = "troika bench --threshold 'p99<b*50ms' a_ _b[1] \\| x"
        report, _, _, _ = self.made(command)
        self.assertIn(f"```\n{command} --seed 123\n```", report)

    def test_rows_of_tables_keep_their_cells(self):
        report, record, _, _ = self.made("a|b|c")
        for text in (report, record):
            for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
                cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
                self.assertEqual(len(cells), 1, block)

    def test_each_reads_as_it_was_written(self):
        from pages import markdown

        shown = {
            "<script>": "&lt;script>",
            "p99<100ms": "p99<100ms",
            "[50.3–51.8]": "[50.3–51.8]",
            "[x](y)": r"\[x\](y)",
            "[1–2](y)": r"\[1–2\](y)",
            "a`b": "a&#96;b",
            "a|b": r"a\|b",
            "wrong_bodies": "wrong_bodies",
            "null *": "null *",
            "*a*": r"\*a\*",
            "1. x": r"1\. x",
            "&lt;": "&amp;lt;",
            "AT&T": "AT&T",
            "a\n\n# b": "a # b",
        }
        for text, wanted in shown.items():
            self.assertEqual(str(markdown.escaped(text)), wanted)


if __name__ == "__main__":
    unittest.main()
