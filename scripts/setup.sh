#!/usr/bin/env bash
# Gets what "make test" needs beside Go: a C compiler for the race detector and
# a browser for the tests of the pages. Installs it on Debian as root; anywhere
# else it says what is missing and fails.
set -euo pipefail

# wanted_go is the oldest Go that builds this module.
wanted_go="$(awk '$1 == "go" { print $2 }' "$(dirname "$0")/../go.mod")"

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

missing=()

look_for_all() {
  missing=()
  have_compiler || missing+=(gcc libc6-dev)
  have make || missing+=(make)
  have_browser || missing+=(chromium)
}

can_install() {
  [ "$(id -u)" -eq 0 ] && [ -f /etc/debian_version ] && have apt-get
}

install_missing() {
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
