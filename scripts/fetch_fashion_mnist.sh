#!/usr/bin/env bash
# Puts FashionMNIST's four archives into DATA/fashion_mnist, from Debian's package of them.
# Usage: fetch_fashion_mnist.sh [DATA], by default the folder `data`.
# Exits 0 whatever happened, and says it in one line: what needs the images can do without.
set -eu
export LC_ALL=C # apt-get's messages are searched below

folder="${1:-data}/fashion_mnist"
package=dataset-fashion-mnist
names="train-images-idx3-ubyte train-labels-idx1-ubyte"
names="$names t10k-images-idx3-ubyte t10k-labels-idx1-ubyte"

has_all_files() {
  for name in $names; do
    [ -s "$1/$name" ] || [ -s "$1/$name.gz" ] || return 1
  done
}

finish() {
  echo "fashion_mnist: $1"
  exit 0
}

skipped() {
  finish "no source ($1): tests on real images will be skipped"
}

download() {
  (cd "$temporary" && timeout 120 apt-get -qq download "$package") >"$temporary/log" 2>&1
}

lists_are_missing() {
  grep -qE "Unable to locate package|No candidate|Can't find a source|404 " "$temporary/log"
}

update_lists() {
  [ -w /var/lib/apt/lists ] && timeout 120 apt-get -qq update >/dev/null 2>&1
}

if has_all_files "$folder"; then finish "already there, in $folder"; fi
command -v apt-get >/dev/null || skipped "no apt-get here"
mkdir -p "$folder" 2>/dev/null || skipped "cannot write to $folder"
# Inside the folder, so that each archive arrives by a rename, whole.
temporary=$(mktemp -d "$folder/.fetch.XXXXXX" 2>/dev/null) || skipped "cannot write to $folder"
trap 'rm -rf "$temporary"' EXIT

if ! download; then
  if ! { lists_are_missing && update_lists && download; }; then
    skipped "apt-get could not download $package"
  fi
fi
dpkg-deb -x "$temporary/$package"_*.deb "$temporary/unpacked" >/dev/null 2>&1 ||
  skipped "the package could not be unpacked"
for name in $names; do
  mv -f "$temporary/unpacked/usr/share/datasets/fashion-mnist/$name.gz" "$folder/" 2>/dev/null ||
    skipped "the package holds no $name.gz"
done
finish "fetched into $folder"
