#!/usr/bin/env bash
# Installs the tools that judge from outside, where they are missing: Python packages (Node among them) in exact versions from PyPI and
# npm packages, in folders of their own; Go, its transparency-log packages, OpenSSL, the servers that sources are tested against
# (PostgreSQL, MariaDB), unixODBC and ODBC drivers (PostgreSQL, SQLite, Access), poppler, qpdf, ZBar and fonts from Debian.
#
#   tests/outside/install.sh           all of them
#   tests/outside/install.sh servers   the servers alone
#   tests/outside/install.sh odbc      PostgreSQL, unixODBC and its driver
#   tests/outside/install.sh unixodbc  what `zerotrip-odbc` is linked with
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=()
drivers=/usr/lib/$(uname -m)-linux-gnu/odbc
driver() { [ -e "$drivers/$1" ] || packages+=("$2"); }
[ "${1-}" = servers ] || [ -e /usr/include/sql.h ] || packages+=(unixodbc unixodbc-dev)
if [ "${1-}" = odbc ]; then driver psqlodbcw.so odbc-postgresql; fi
if [ -z "${1-}" ]; then
    driver psqlodbcw.so odbc-postgresql
    driver libsqlite3odbc.so libsqliteodbc
    driver libmdbodbc.so odbc-mdbtools
    command -v "${ZEROTRIP_GO:-go}" >/dev/null || packages+=(golang-go)
    [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb ] || packages+=(golang-golang-x-mod-dev)
    command -v openssl >/dev/null || packages+=(openssl)
    command -v pdfsig >/dev/null || packages+=(poppler-utils)
    command -v qpdf >/dev/null || packages+=(qpdf)
    [ -e /usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc ] || packages+=(fonts-noto-cjk)
    [ -e /usr/share/fonts/truetype/hanazono/HanaMinB.ttf ] || packages+=(fonts-hanazono)
    command -v unzip >/dev/null || packages+=(unzip)
    command -v zbarimg >/dev/null || packages+=(zbar-tools)
    python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3-venv)
fi
if [ "${1-}" != unixodbc ]; then
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || packages+=(postgresql)
fi
if [ "${1-}" != unixodbc ] && [ "${1-}" != odbc ]; then
    PATH=$PATH:/usr/sbin command -v mariadbd >/dev/null || packages+=(mariadb-server)
fi

# Debian starts a server as soon as its package is there. Tests start their own, so it is told to start none, unless somebody who set
# this machine up has said already what may start.
policy=/usr/sbin/policy-rc.d
forbid_services() {
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "$@" tee "$policy" >/dev/null
        "$@" chmod 755 "$policy"
        trap '"${as_root[@]}" rm -f "$policy"' EXIT
    fi
}

if [ ${#packages[@]} -gt 0 ]; then
    echo "missing, installing with apt-get: ${packages[*]}"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
    forbid_services "${as_root[@]}"
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}"
fi

if [ -n "${1-}" ]; then exit 0; fi

# Made anew whenever the pinned versions change, so that no leftover of older ones answers for them.
venv=${XDG_CACHE_HOME:-$HOME/.cache}/zerotrip/venv
pinned=$(cat examples/python/requirements.txt tests/outside/requirements.txt)
if [ ! -f "$venv/pinned" ] || [ "$pinned" != "$(cat "$venv/pinned")" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r examples/python/requirements.txt -r tests/outside/requirements.txt
    printf '%s\n' "$pinned" >"$venv/pinned"
fi

# The npm packages, in the exact versions of their lock file.
modules=${XDG_CACHE_HOME:-$HOME/.cache}/zerotrip/node
if ! cmp -s tests/outside/node/package-lock.json "$modules/package-lock.json" || [ ! -d "$modules/node_modules" ]; then
    rm -rf "$modules"
    mkdir -p "$modules"
    cp tests/outside/node/package.json tests/outside/node/package-lock.json "$modules"
    PATH=$venv/bin:$PATH npm ci --prefix "$modules" --ignore-scripts --no-audit --no-fund --silent
fi

"$venv/bin/python" --version
"$venv/bin/node" --version
"${ZEROTRIP_GO:-go}" version
openssl version
