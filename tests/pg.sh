#!/bin/sh
# A throw-away PostgreSQL for the tests, on 127.0.0.1 only.
#
#   tests/pg.sh start DIR    prints its URL; DIR is made and holds nothing but the server
#   tests/pg.sh stop DIR     stops it and removes DIR
#   tests/pg.sh crash DIR    ends it at once, as a power failure would; its data stay
#   tests/pg.sh again DIR    starts it on its data again, at the same address
#
# Starting a server that runs prints its URL again. PostgreSQL refuses to run as root: root starts it as the user
# "postgres", who must be able to reach DIR (a folder under /tmp will do). Durability is off: for tests only.
set -eu

fail() {
  echo "pg.sh: $*" >&2
  exit 1
}

[ $# -eq 2 ] || fail "usage: pg.sh start|stop|crash|again DIR"
action=$1
case $2 in
  /*) dir=$2 ;;
  *) dir=$PWD/$2 ;;
esac
data=$dir/data

bin=$(ls -d /usr/lib/postgresql/*/bin /usr/local/pgsql/bin 2>/dev/null | sort -t/ -k5,5n | while read -r folder; do
  if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then echo "$folder"; fi
done | tail -n 1)
if [ -z "$bin" ] && command -v initdb >/dev/null; then
  bin=$(dirname "$(command -v initdb)")
fi

as_server() {
  if [ "$(id -u)" -ne 0 ]; then
    "$@"
  elif command -v setpriv >/dev/null; then
    setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
  else
    runuser -u postgres -- "$@"
  fi
}

# Asks the server, not the process table: the pid of a server that was killed may live on as a zombie.
running() {
  [ -f "$data/postmaster.pid" ] && [ -f "$dir/url" ] &&
    "$bin/pg_isready" -q -h 127.0.0.1 -p "$(sed -n 4p "$data/postmaster.pid")" -t 10
}

# A port that nothing listens on, below the range that the kernel hands out to clients.
free_port() {
  port=$((20000 + ($$ + $1 * 137) % 12000))
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    if ! grep -qi ":$(printf '%04X' "$port") [0-9A-F:]* 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null; then
      echo "$port"
      return
    fi
    port=$((20000 + (port - 20000 + 331) % 12000))
  done
  fail "no free port"
}

start() {
  [ -n "$bin" ] || fail "PostgreSQL is not installed (no initdb in /usr/lib/postgresql/*/bin)"
  if running; then
    cat "$dir/url"
    return
  fi
  if [ "$(id -u)" -eq 0 ] && ! id postgres >/dev/null 2>&1; then
    fail "root cannot run PostgreSQL, and there is no user postgres"
  fi
  # A folder that is not ours is never emptied.
  if [ -e "$dir" ] && [ -n "$(ls -A "$dir")" ] && [ ! -f "$dir/pg.sh.here" ]; then
    fail "$dir is not empty and no server of pg.sh"
  fi
  halt
  mkdir -p "$dir"
  touch "$dir/pg.sh.here"
  rm -rf "$data"
  if [ "$(id -u)" -eq 0 ]; then chown -R postgres "$dir"; fi
  as_server test -w "$dir" -a -x "$dir" || fail "the user postgres cannot reach $dir"

  # Words sort by a language's rules here, as on most servers: a query that counts on the order of bytes shows.
  set -- -D "$data" -U dealpace --auth=trust --encoding=UTF8 --no-sync --locale=C.UTF-8
  if ! (cd / && as_server "$bin/initdb" "$@" --locale-provider=icu --icu-locale=en-US) >"$dir/initdb.log" 2>&1; then
    rm -rf "$data"
    (cd / && as_server "$bin/initdb" "$@") >"$dir/initdb.log" 2>&1 || fail "initdb failed: $(cat "$dir/initdb.log")"
  fi
  cat >>"$data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
synchronous_commit = on
full_page_writes = off
shared_buffers = 64MB
max_connections = 100
CONF
  attempt=1
  while :; do
    port=$(free_port $attempt)
    if (cd / && as_server "$bin/pg_ctl" -D "$data" -l "$dir/server.log" -w -t 60 -o "-p $port" start) \
        >"$dir/pg_ctl.log" 2>&1 </dev/null; then
      break
    fi
    [ $attempt -lt 3 ] || fail "the server does not start: $(tail -n 5 "$dir/server.log")"
    attempt=$((attempt + 1))
  done
  echo "postgres://dealpace@127.0.0.1:$port/postgres" >"$dir/url"
  cat "$dir/url"
}

# Stops whatever runs on the data, if anything does.
halt() {
  [ -f "$data/postmaster.pid" ] || return 0
  if running; then
    (cd / && as_server "$bin/pg_ctl" -D "$data" -m fast -w -t 60 stop) >/dev/null || fail "the server does not stop"
  else
    (cd / && as_server "$bin/pg_ctl" -D "$data" -m immediate -w -t 5 stop) >/dev/null 2>&1 || true
  fi
}

stop() {
  [ -e "$dir" ] || return 0
  [ -f "$dir/pg.sh.here" ] || fail "$dir is no server of pg.sh"
  halt
  rm -rf "$dir"
}

crash() {
  running || fail "no server runs in $dir"
  (cd / && as_server "$bin/pg_ctl" -D "$data" -m immediate -w -t 60 stop) >/dev/null || fail "the server does not stop"
}

again() {
  [ -f "$dir/url" ] || fail "$dir has no server to start again"
  (cd / && as_server "$bin/pg_ctl" -D "$data" -l "$dir/server.log" -w -t 60 \
    -o "-p $(sed 's/.*:\([0-9]*\)\/.*/\1/' "$dir/url")" start) >"$dir/pg_ctl.log" 2>&1 </dev/null ||
    fail "the server does not start: $(tail -n 5 "$dir/server.log")"
}

case $action in
  start) start ;;
  stop) stop ;;
  crash) crash ;;
  again) again ;;
  *) fail "usage: pg.sh start|stop|crash|again DIR" ;;
esac
