#!/usr/bin/env bash
# Installs Debian's Slurm, of which the tests set up a cluster on this machine.
# Exits 0 whatever happened, and says it in one line: without it those tests are skipped.
set -eu
export LC_ALL=C # apt-get's messages are searched below
export DEBIAN_FRONTEND=noninteractive

finish() {
  echo "slurm: $1"
  exit 0
}

skipped() {
  finish "not installed ($1): tests on a Slurm cluster will be skipped"
}

# Nothing is configured, so whatever the packages start ends at once, or is not started at all.
install() {
  timeout 300 apt-get -qq install --yes --no-install-recommends slurm-wlm munge >"$log" 2>&1
}

lists_are_missing() {
  grep -qE "Unable to locate package|No candidate|has no installation candidate|404 " "$log"
}

update_lists() {
  timeout 120 apt-get -qq update >/dev/null 2>&1
}

is_there() {
  PATH="$PATH:/usr/sbin:/sbin"
  for name in munged slurmctld slurmd sbatch srun scontrol squeue; do
    command -v "$name" >/dev/null || return 1
  done
}

if is_there; then
  [ "$(id -u)" -eq 0 ] || finish "already there, but a cluster needs root: its tests will be skipped"
  finish "already there, $(command -v slurmctld)"
fi
command -v apt-get >/dev/null || skipped "no apt-get here"
[ "$(id -u)" -eq 0 ] || skipped "apt-get needs root: sudo apt-get install slurm-wlm munge"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if ! install; then
  if ! { lists_are_missing && update_lists && install; }; then
    skipped "apt-get could not install it"
  fi
fi
is_there || skipped "the packages lack a command"
finish "installed, $(command -v slurmctld)"
