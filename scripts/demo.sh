#!/usr/bin/env bash
# The story of Satchel, told by the real programs: a server on TLS, three laptops, a conflict, a move, a refusal.
# Installs what is missing (as root, with apt), builds, and tells. Works as an ordinary user too.
set -euo pipefail
# shellcheck source=scripts/lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

# A test that starts the demo has built already, and holds the build's lock.
bin=${SATCHEL_BIN:-}
if [[ -z $bin ]]; then
    step 'build'
    swift build "${SWIFT_FLAGS[@]}"
    end_step
    bin=$(swift build "${SWIFT_FLAGS[@]}" --show-bin-path)
fi

home=$(mktemp -d /tmp/satchel-demo.XXXXXX)
server_pid=
stop_server() {
    if [[ -n $server_pid ]]; then
        kill -TERM "$server_pid" 2>/dev/null || true
        wait "$server_pid" 2>/dev/null || true
        server_pid=
    fi
}
trap 'stop_server; rm -rf "$home"' EXIT

bold=; plain=
if [[ -t 1 ]]; then bold=$'\e[1m'; plain=$'\e[0m'; fi
tell() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
fail() { printf 'The demo failed: %s\n' "$*" >&2; exit 1; }
# Prints a command as a person would type it, and runs it.
run() { printf '  $ %s\n' "$*"; "$@" 2>&1 | sed 's/^/    /'; return "${PIPESTATUS[0]}"; }
satcheld() { "$bin/satcheld" "$@"; }
anna() { SATCHEL_REPLICA=$home/anna.sqlite "$bin/satchel" "$@"; }
ben() { SATCHEL_REPLICA=$home/ben.sqlite "$bin/satchel" "$@"; }
mia() { SATCHEL_REPLICA=$home/mia.sqlite "$bin/satchel" "$@"; }

listen=127.0.0.1:0
start_server() {
    : >"$home/ready"
    "$bin/satcheld" serve --data "$home/server" --listen "$listen" >"$home/ready" 2>>"$home/server.log" &
    server_pid=$!
    local waited=0
    until grep -q '^ready ' "$home/ready"; do
        kill -0 "$server_pid" 2>/dev/null || { cat "$home/server.log" >&2; fail "the server did not start"; }
        waited=$((waited + 1)); ((waited < 600)) || fail "the server did not become ready"
        sleep 0.05
    done
    url=$(sed -n 's/^ready //p' "$home/ready")
    listen=${url#https://}
}

tell "1. A server on TLS, with the CRM pack and generated data."
run satcheld init --data "$home/server" --schema fixtures/crm/schema.yaml --policy fixtures/crm/policy.yaml \
    --organisation fixtures/crm/organisation.yaml
"$bin/satchel-fixtures" crm --out "$home/csv" --companies 200 --seed 1
run satcheld import --data "$home/server" --mapping fixtures/crm/import.yaml --from "$home/csv"
start_server
echo "  the server listens at $url"

tell "2. Anna (rep in DACH), Ben (rep in Nordics) and Mia (manager at EMEA, above both) enrol and sync."
for user in anna ben mia; do
    code=$(satcheld enrol-code --data "$home/server" --user "$user")
    run "$user" enrol --server "$url" --ca "$home/server/tls/ca.pem" --code "$code"
    run "$user" sync
done
company=$(anna list company --where "territory = 'emea-dach-north' AND owner IS NULL" --limit 1 --json |
    python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["id"])')
contact=$(anna new contact "company=$company" "name=Petra Quellwasser")
run anna sync
run anna show company "$company"

tell "3. The server is stopped. Offline, Anna and Mia change different fields, then the same one, of that company."
stop_server
run anna set company "$company" industry=retail
run mia set company "$company" credit_limit=77000.00
run anna set company "$company" "name=Quellwasser GmbH (Anna)"
run mia set company "$company" "name=Quellwasser AG (Mia)"
echo "  Anna tries the credit limit, which her role may not write:"
if run anna set company "$company" credit_limit=1; then fail "a forbidden write was taken"; fi
echo "  And a sync, without a server:"
code=0; run anna sync || code=$?
((code == 3)) || fail "an offline sync ended with $code"

tell "4. The server is back; all sync."
start_server
run anna sync
run mia sync
run anna sync
run anna show company "$company"
[[ $(anna show company "$company" --json) == "$(mia show company "$company" --json)" ]] || fail "Anna and Mia differ"
echo "  Mia sees the same. The loser of the name is kept and can be listed:"
run anna conflicts

tell "5. What is in the files: a search for unique values in file, -wal and -shm."
# search FILE COLUMN CSV [TERRITORY-PREFIX]: how many of the values stand anywhere in the replica's files.
search() {
    python3 - "$@" <<'PYTHON'
import csv, os, sys
replica, column, path = sys.argv[1:4]
prefix = sys.argv[4] if len(sys.argv) > 4 else ""
data = b"".join(open(replica + s, "rb").read() for s in ("", "-wal", "-shm") if os.path.exists(replica + s))
rows = [r for r in csv.DictReader(open(path, encoding="utf-8")) if r.get("territory", "").startswith(prefix)]
print(sum(r[column].encode() in data for r in rows if r[column]), "of", len(rows))
PYTHON
}
for user in mia anna ben; do
    dach=$(search "$home/$user.sqlite" name "$home/csv/company.csv" emea-dach)
    price=$(search "$home/$user.sqlite" purchase_price "$home/csv/product.csv")
    printf '  %-5s DACH companies found: %-12s purchase prices found: %s\n' "$user" "$dach" "$price"
    case $user in
        mia) [[ $dach != 0\ * && $price != 0\ * ]] || fail "the search does not work" ;;
        anna) [[ $dach != 0\ * && $price == 0\ * ]] || fail "Anna's file holds what it must not" ;;
        ben) [[ $dach == 0\ * && $price == 0\ * ]] || fail "Ben's file holds what it must not" ;;
    esac
done

tell "6. Mia moves the company to Nordics. Anna, offline meanwhile, has edited it."
run anna set company "$company" industry=services
run mia set company "$company" territory=emea-nordics
run mia sync
run ben sync
run ben show company "$company"
run ben show contact "$contact"
echo "  Anna syncs: the company and its contacts leave her laptop, and her edit is refused."
code=0; run anna sync || code=$?
((code == 4)) || fail "Anna's sync ended with $code, not 4"
if anna show company "$company" --json >/dev/null; then fail "the company is still on Anna's laptop"; fi
if anna show contact "$contact" --json >/dev/null; then fail "the contact is still on Anna's laptop"; fi
run anna refused
[[ $(anna refused --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["code"])') == no-longer-in-scope ]] ||
    fail "the refusal has another code"

tell "Done. Nothing was lost, and nothing was seen that may not be."
