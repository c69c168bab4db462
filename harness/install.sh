#!/bin/sh
# SPDX-License-Identifier: MIT
# Copies what `make` built, and what the program reads, below DESTDIR PREFIX:
# the program looks for experiments, profiles and reports beside itself, so
# PREFIX/lib/troika has the folders of the tree, and PREFIX/bin a link. With
# --uninstall in place of the build folder: takes all of that away.
set -eu

out=$1 destdir=$2 prefix=$3
case $prefix in
/*) ;;
*)
    echo "install: PREFIX=$prefix is not absolute; say PREFIX=/usr/local" >&2
    exit 2
    ;;
esac
lib=$destdir$prefix/lib/troika
share=$destdir$prefix/share
if [ "$out" = --uninstall ]; then
    rm -rf "$lib"
    rm -f "$destdir$prefix/bin/troika" "$share/bash-completion/completions/troika" \
        "$share/zsh/site-functions/_troika" "$share/fish/vendor_completions.d/troika.fish" "$share/man/man1/troika.1" "$share"/man/man1/troika-*.1
    exit 0
fi

# A folder's files, of which names may end in other ways.
copy() {
    find "$1" -type f ! -name '*.pyc' ! -name '*.o' ! -name '*.d' |
        while read -r file; do
            install -D -m 644 "$file" "$lib/$file"
        done
}

rm -rf "$lib"
install -D -m 755 "$out/troika" "$lib/build/release/troika"
for model in "$out"/models/*; do
    if [ ! -f "$model" ] || [ ! -x "$model" ]; then
        continue
    fi
    install -D -m 755 "$model" "$lib/build/release/models/$(basename "$model")"
done
install -m 644 "$out/routes.json" "$lib/build/release/routes.json"
for folder in harness/experiments harness/profiles models/foreign models/servers reports results/schema; do
    copy "$folder"
done
for file in harness/predict/shipped*.json LICENSE README.md; do
    if [ -f "$file" ]; then
        install -D -m 644 "$file" "$lib/$file"
    fi
done
ln -s ../../../models/foreign "$lib/build/release/models/foreign"
install -d "$destdir$prefix/bin"
ln -sfn ../lib/troika/build/release/troika "$destdir$prefix/bin/troika"
install -D -m 644 harness/completion/troika.bash "$share/bash-completion/completions/troika"
install -D -m 644 harness/completion/_troika "$share/zsh/site-functions/_troika"
install -D -m 644 harness/completion/troika.fish "$share/fish/vendor_completions.d/troika.fish"
for page in build/man/*.1; do
    [ -e "$page" ] || continue
    install -D -m 644 "$page" "$share/man/man1/$(basename "$page")"
done
echo "installed: $destdir$prefix/bin/troika"
