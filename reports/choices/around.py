# SPDX-License-Identifier: MIT
"""The map of winners around a run's profile: report/maps/NNNN-slug/, named as the
decision record beside which it is made.

`troika map` decides each cell of a coarse grid, at the load and cores and with the
constants of the record; the page shows its stored grid. A record never changes, so its
map is made once. Without a map within TROIKA_MAP_LIMIT_S (default 15), the page has its
command alone.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from charts import drawing
from charts.drawing import Chart
from charts.labels import file_name
from choices import record, winners
from data import results
from pages import render

POINTS = "7"  # of each axis
LIMIT_S = float(os.environ.get("TROIKA_MAP_LIMIT_S", "15"))


def chart(decision: record.Decision, experiment: str, troika: str) -> Chart | None:
    """Drawn; None if there is no map."""
    folder = decision.folder.parent.parent / "maps" / decision.folder.name
    try:
        if not (folder / winners.NAME).is_file() and not _make(decision, folder, troika):
            return None
        found = winners.load(folder)
        made = winners.charts(found)[0]
        made.name += f"-{file_name(experiment)}"
        drawing.write([made], folder, render.environment(), winners.NAME)
    except (results.ResultsError, drawing.DrawingError, OSError):
        return None
    return made


def _make(decision: record.Decision, folder: Path, troika: str) -> bool:
    words = shlex.split(decision.data["command"])
    asked = results.read(decision.folder / "asked.json")
    service = asked["service"]
    if "decide" not in words:
        return False
    flags = words[words.index("decide") + 1 :]
    with tempfile.TemporaryDirectory(prefix="troika-map-") as place:
        fresh = Path(place) / "map"
        command = [troika, "map", "--machine", str(decision.folder / "machine.json"), "--points", POINTS,
                   "--loads", f"{service['rate_per_s'] or service['connections']:g}", "--core-counts", str(service["cores"]),
                   "-o", str(fresh), *flags]
        try:
            done = subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            return False
        if done.returncode != 0:
            return False
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(fresh, folder, dirs_exist_ok=True)
    return True
