#!/usr/bin/env bash
# Installs Debian's Chromium, in which the tests open the report page.
# Exits 0 whatever happened, and says it in one line: without it those tests are skipped.
set -eu
export LC_ALL=C # apt-get's messages are searched below
export DEBIAN_FRONTEND=noninteractive

finish() {
  echo "chromium: $1"
  exit 0
}

skipped() {
  finish "not installed ($1): tests in a browser will be skipped"
}

install() {
  timeout 300 apt-get -qq install --yes --no-install-recommends chromium >"$log" 2>&1
}

lists_are_missing() {
  grep -qE "Unable to locate package|No candidate|has no installation candidate|404 " "$log"
}

update_lists() {
  timeout 120 apt-get -qq update >/dev/null 2>&1
}

for name in "${SEEDBED_CHROMIUM:-}" chromium chromium-browser google-chrome-stable google-chrome; do
  if [ -n "$name" ] && command -v "$name" >/dev/null; then
    finish "already there, $(command -v "$name")"
  fi
done
command -v apt-get >/dev/null || skipped "no apt-get here"
[ "$(id -u)" -eq 0 ] || skipped "apt-get needs root: sudo apt-get install chromium"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if ! install; then
  if ! { lists_are_missing && update_lists && install; }; then
    skipped "apt-get could not install it"
  fi
fi
command -v chromium >/dev/null || skipped "the package holds no chromium"
finish "installed, $(command -v chromium)"
