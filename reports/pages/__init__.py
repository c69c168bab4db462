# SPDX-License-Identifier: MIT
"""What is written: report.md, index.html, the terminal's lines, decision records."""
