#!/bin/sh
# SPDX-License-Identifier: MIT
# man.sh PROGRAM FOLDER VERSION: a manual page of the program and one of each
# verb, from what --help prints, by help2man.
set -eu

program=$1 folder=$2 version=$3
command -v help2man >/dev/null || {
    echo "man: help2man is missing: make deps-install" >&2
    exit 1
}
made=$(mktemp -d)
# A verb is no program of its own, so help2man gets a script.
one=$(mktemp -d)
trap 'rm -rf "$one" "$made"' EXIT

page() { # NAME SUMMARY WORDS...
    name=$1 summary=$2
    shift 2
    printf '#!/bin/sh\nexec "%s" %s --help\n' "$program" "$*" >"$one/$name"
    chmod +x "$one/$name"
    help2man --no-info --source=Troika --version-string="$version" --name="$summary" \
        --output="$made/$name.1" "$one/$name"
}

page troika "identical work under thread, event-loop and process models, measured"
"$program" --help | sed -n 's/^  \([a-z][a-z]*\)  *\([a-z].*\)/\1 \2/p' | while read -r verb summary; do
    page "troika-$verb" "$summary" "$verb"
done
# All of them or none, so that make does not take a part for the whole.
rm -rf "$folder"
mkdir -p "$folder"
mv "$made"/*.1 "$folder"
