# SPDX-License-Identifier: MIT
"""Predictions in the report: the error over the cells, cells that are off with their
cause, and a chart, all from stored trials.
"""

import unittest

from case import Case

EVIDENCE = "requests waited 4.00 us for a CPU"


class Predict(Case):
    def shown(self, change):
        self.store(lambda run, trials: change(trials), "quick")
        self.report()
        return self.text()

    def test_what_is_off_has_its_cause(self):
        off = []

        def change(trials):
            first = trials[0]["cell"]["model"], trials[0]["load_point"]
            for t in trials:
                if (t["cell"]["model"], t["load_point"]) == first:
                    law = t["prediction"]
                    law.update(cause="run queue", evidence=EVIDENCE)
                    law["throughput_per_s"] = 2 * t["throughput_per_s"]
                    off.append(t)

        text = self.shown(change)
        self.assertTrue(off)
        self.assertRegex(text, r"Median absolute error of prediction: \d\.\d % over \d+ cells; 1 off")
        row = next(line for line in text.splitlines() if EVIDENCE in line)
        for words in (off[0]["cell"]["model"], "-50 %", "run queue"):
            self.assertIn(words, row)
        self.assertIn(EVIDENCE, self.text("index.html"))
        data = self.run_path / "report" / "charts" / "predicted-quick-all.dat"
        self.assertIn(off[0]["cell"]["model"], data.read_text())

    def test_no_law_no_words(self):
        def change(trials):
            for t in trials:
                t["prediction"] = None

        self.assertNotIn("Predicted and measured", self.shown(change))

    def test_an_offered_rate_is_no_prediction(self):
        self.store(lambda run, trials: None, "rates")
        self.report()
        self.assertNotIn("Predicted and measured", self.text())


if __name__ == "__main__":
    unittest.main()
