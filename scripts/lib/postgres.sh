# A throwaway Postgres for scripts. Source it, then:
#   start_throwaway_postgres    # sets PG_BIN, PG_SOCKET_DIR; stops and removes the server when the script ends
#   throwaway_url NAME          # prints the URL of a database on it
# As root the server runs as the user 'postgres' or 'nobody', since Postgres refuses root.

# The newest installation with initdb: MILLRACE_PG_BIN, PATH, Debian's folders.
find_postgres() {
    local dir candidates=()
    [ -n "${MILLRACE_PG_BIN:-}" ] && candidates+=("$MILLRACE_PG_BIN")
    if command -v postgres >/dev/null; then
        candidates+=("$(dirname "$(readlink -f "$(command -v postgres)")")")
    fi
    while IFS= read -r dir; do candidates+=("$dir"); done < <(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV)
    for dir in "${candidates[@]}"; do
        [ -x "$dir/postgres" ] && [ -x "$dir/initdb" ] || continue
        [ "$("$dir/postgres" --version | grep -oE '[0-9]+' | head -1)" -ge 15 ] || continue
        echo "$dir"
        return 0
    done
    echo "no PostgreSQL 15 or later found; run scripts/install-deps.sh" >&2
    return 1
}

as_postgres_user() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    elif id postgres >/dev/null 2>&1; then
        (cd / && setpriv --reuid postgres --regid "$(id -g postgres)" --clear-groups "$@")
    else
        (cd / && setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups "$@")
    fi
}

start_throwaway_postgres() {
    PG_BIN=$(find_postgres)
    # Short: a socket path may have 107 bytes.
    PG_HOME=$(mktemp -d /tmp/millrace-pg.XXXXXX)
    PG_SOCKET_DIR=$PG_HOME
    if [ "$(id -u)" -eq 0 ]; then
        chown "$(id postgres >/dev/null 2>&1 && echo postgres || echo nobody)" "$PG_HOME"
    fi
    trap stop_throwaway_postgres EXIT
    as_postgres_user "$PG_BIN/initdb" -D "$PG_HOME/data" -U postgres --auth=trust -E UTF8 --locale=C --no-sync \
        >"$PG_HOME.log" 2>&1 || { cat "$PG_HOME.log" >&2; return 1; }
    as_postgres_user "$PG_BIN/pg_ctl" -D "$PG_HOME/data" -l "$PG_HOME/log" -w -t 60 start \
        -o "-c listen_addresses='' -c unix_socket_directories='$PG_SOCKET_DIR' -c fsync=off -c max_connections=300" \
        >"$PG_HOME.log" 2>&1 || { cat "$PG_HOME.log" "$PG_HOME/log" >&2; return 1; }
}

stop_throwaway_postgres() {
    as_postgres_user "$PG_BIN/pg_ctl" -D "$PG_HOME/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$PG_HOME" "$PG_HOME.log"
}

throwaway_url() {
    echo "postgres://postgres@/$1?host=$PG_SOCKET_DIR"
}
