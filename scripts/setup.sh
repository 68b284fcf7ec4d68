#!/usr/bin/env bash
# Gets what "make test" needs beside Go: a C compiler for the race detector, a
# browser for the tests of the pages, PostgreSQL and Redis for the tests that
# start them, sqlite3 for that of a backup, curl for the README's calls. Installs it on Debian as root;
# anywhere else it says what is missing and fails.
set -euo pipefail

# wanted_go is the oldest Go that builds this module.
wanted_go="$(awk '$1 == "go" { print $2 }' "$(dirname "$0")/../go.mod")"

# wanted_postgres is the oldest PostgreSQL that avow supports.
wanted_postgres=15

say() { echo "setup: $*"; }

have() { command -v "$1" >/dev/null 2>&1; }

have_browser() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable headless-shell; do
    if have "$name"; then return 0; fi
  done
  return 1
}

# A compiler without the C library's headers cannot build cgo code either.
have_compiler() {
  have gcc && echo '#include <stdlib.h>' | gcc -E - >/dev/null 2>&1
}

# The client's programs do not suffice, and Debian keeps the server's off the PATH.
have_postgres() {
  local program version
  for program in /usr/lib/postgresql/*/bin/postgres "$(command -v postgres || true)"; do
    if [ -x "$program" ] && [ -x "${program%/*}/initdb" ]; then
      version="$("$program" --version)" # postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)
      version="${version##*"(PostgreSQL) "}"
      version="${version%%[!0-9]*}"
      if [ "${version:-0}" -ge "$wanted_postgres" ]; then return 0; fi
    fi
  done
  return 1
}

missing=()

look_for_all() {
  missing=()
  have_compiler || missing+=(gcc libc6-dev)
  have make || missing+=(make)
  have_browser || missing+=(chromium)
  have_postgres || missing+=(postgresql)
  have pgbouncer || [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
  have redis-server || missing+=(redis-server)
  have sqlite3 || missing+=(sqlite3)
  have curl || missing+=(curl)
}

can_install() {
  [ "$(id -u)" -eq 0 ] && [ -f /etc/debian_version ] && have apt-get
}

# The tests start servers of their own; those that packages bring need not run.
# Debian asks this program before it starts one, and takes 101 for a no.
keep_services_down() {
  policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then return 0; fi
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}

install_missing() {
  keep_services_down
  export DEBIAN_FRONTEND=noninteractive
  say "apt-get update"
  apt-get update -q
  say "apt-get install ${missing[*]}"
  apt-get install -y -q --no-install-recommends "${missing[@]}"
}

explain_missing() {
  say "missing: ${missing[*]}" >&2
  say "these are Debian's package names; on Debian, as root: apt-get install ${missing[*]}" >&2
  if ! have_compiler; then
    say "gcc and the C headers are needed because tests run with -race, the race detector needs cgo, and cgo needs a C compiler" >&2
  fi
  if ! have_browser; then
    say "chromium, or google-chrome, is needed by the browser tests of the pages" >&2
  fi
  if ! have_postgres; then
    say "PostgreSQL $wanted_postgres or newer, with initdb beside postgres in /usr/lib/postgresql/*/bin or on the PATH, is needed by the tests of the store" >&2
  fi
  if ! have redis-server; then
    say "redis-server is needed on the PATH by the tests of what avow keeps in Redis" >&2
  fi
  if ! have curl; then
    say "curl is needed by the test that makes the README's calls" >&2
  fi
}

check_go() {
  if ! have go; then
    say "go is missing: install Go $wanted_go or newer from https://go.dev/dl/ and put it on the PATH" >&2
    exit 1
  fi
}

check_go
look_for_all
if [ "${#missing[@]}" -eq 0 ]; then
  say "nothing is missing"
  exit 0
fi
say "missing: ${missing[*]}"
if can_install; then
  install_missing
  look_for_all
fi
if [ "${#missing[@]}" -gt 0 ]; then
  explain_missing
  exit 1
fi
say "done"
