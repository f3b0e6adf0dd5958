#!/usr/bin/env bash
# Asks real systems what the sandbox is asked, and compares: Tryton as ERP, localstripe as payment provider.
#
#   scripts/real-counterparts.sh           installs (once, about a minute), starts both, compares, stops both
#   scripts/real-counterparts.sh --setup   installs only
#
# Needs python3 with venv and a Python package index; exits with 3 where it cannot get them. Everything is kept below
# target/real-counterparts; remove that folder to install anew.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1-}" in
"" | --setup) ;;
*)
    echo "usage: scripts/real-counterparts.sh [--setup]" >&2
    exit 2
    ;;
esac

pieces=$PWD/scripts/real-counterparts
home=$PWD/target/real-counterparts
password=sandbox-password

# Whatever changes the pieces makes a new installation.
version=$(cat "$pieces"/* | sha256sum | cut -c1-16)
made=$home/$version

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

configure() { # FOLDER PORT
    mkdir -p "$1/databases"
    printf '[database]\nuri = sqlite://\npath = %s/databases\n[web]\nlisten = 127.0.0.1:%s\n' "$1" "$2" >"$1/trytond.conf"
    printf '%s' "$password" >"$1/password"
}

unavailable() { # WHY
    echo "the real counterparts cannot be installed: $1" >&2
    exit 3
}

install() {
    local fresh=$made.unfinished
    rm -rf "$fresh"
    mkdir -p "$fresh"
    echo "installing trytond and localstripe ..." >&2
    command -v python3 >/dev/null || unavailable "there is no python3"
    python3 -m venv "$fresh/venv" || unavailable "python3 has no venv"
    "$fresh/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$pieces/requirements.txt" ||
        unavailable "the package index does not give what requirements.txt names"
    echo "making a database ..." >&2
    configure "$fresh" 0
    touch "$fresh/databases/shop.sqlite"
    export TRYTONPASSFILE=$fresh/password
    local admin=("$fresh/venv/bin/python" "$fresh/venv/bin/trytond-admin" -c "$fresh/trytond.conf" -d shop)
    "${admin[@]}" --all --email admin@example.test
    "${admin[@]}" -u sale account_invoice_stock account_payment --activate-dependencies
    "$fresh/venv/bin/python" "$pieces/seed-tryton.py" "$fresh/trytond.conf" shop >"$fresh/ids.json"
    mv "$fresh" "$made"
    # Earlier installations are of no use any more.
    find "$home" -mindepth 1 -maxdepth 1 -type d ! -path "$made" ! -name 'run.*' -exec rm -rf {} +
}

[ -e "$made/ids.json" ] || install
[ "${1-}" = --setup ] && exit 0

run=$(mktemp -d "$home/run.XXXXXX")
started=()
finish() {
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    rm -rf "$run"
}
trap finish EXIT

await() { # PORT NAME LOG
    for _ in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
        sleep 0.2
    done
    echo "$2 does not listen; its log:" >&2
    cat "$3" >&2
    exit 1
}

start_tryton() { # FOLDER PORT
    configure "$1" "$2"
    cp "$made/databases/shop.sqlite" "$1/databases/"
    "$made/venv/bin/python" "$made/venv/bin/trytond" -c "$1/trytond.conf" -d shop >"$1/trytond.log" 2>&1 &
    started+=($!)
}

# One for the talk over the wire, one for the recipe: each counts on its own stock.
tryton=$(free_port)
start_tryton "$run/wire" "$tryton"
recipe=$(free_port)
start_tryton "$run/recipe" "$recipe"

stripe=$(free_port)
# It keeps its objects in the temporary folder, hence one of its own.
TMPDIR=$run "$made/venv/bin/python" "$pieces/serve-localstripe.py" "$stripe" >"$run/localstripe.log" 2>&1 &
started+=($!)

await "$tryton" trytond "$run/wire/trytond.log"
await "$recipe" trytond "$run/recipe/trytond.log"
await "$stripe" localstripe "$run/localstripe.log"

AMENDS_REAL_TRYTON=http://127.0.0.1:$tryton \
    AMENDS_REAL_TRYTON_RECIPE=http://127.0.0.1:$recipe \
    AMENDS_REAL_TRYTON_PASSWORD=$password \
    AMENDS_REAL_TRYTON_IDS=$(cat "$made/ids.json") \
    AMENDS_REAL_STRIPE=http://127.0.0.1:$stripe \
    cargo test --workspace --test real_counterparts -- --include-ignored
