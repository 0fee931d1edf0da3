#!/bin/sh
# Installs the peers of `python -m bench.engines`: Debian's packages and, into the project's environment, PyPI's.
set -eu
cd "$(dirname "$0")/../.."
tests/debian.sh gcc libc6-dev python3-dev nodejs openjdk-17-jdk-headless luajit lua5.4 valgrind
make --no-print-directory setup
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
# The package of wasmtime's command-line tool brings it without leave to run it.
tool=$(.venv/bin/python -c 'import wasmtime_cli; print(wasmtime_cli.__path__[0])')/wasmtime
[ -x "$tool" ] || chmod +x "$tool"
