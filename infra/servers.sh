#!/usr/bin/env bash
# The real servers that production runs on, for tests and for trying things: MariaDB, an S3 server (versitygw), Temporal,
# and ToxiProxy to disturb the way to them. Each runs on a free port of 127.0.0.1 with its state in one folder.
set -euo pipefail

usage() {
  cat >&2 <<'USAGE'
usage: infra/servers.sh install              fetch or build what is missing; quick when all is there
       infra/servers.sh start [DIR]          start all, wait until each answers, print `export …` lines for eval;
                                             DIR keeps ports, passwords, data and logs (default: a new temporary folder)
       infra/servers.sh env DIR              print the `export …` lines again
       infra/servers.sh stop DIR             stop all; the state stays
       infra/servers.sh run COMMAND…         start, run the command with the environment, stop, end with its exit code
       infra/servers.sh kill NAME DIR        kill -9 one of: mariadb versitygw temporal toxiproxy
       infra/servers.sh restart NAME DIR     start it again on the same port, with the same state
USAGE
  exit 2
}

readonly names=(mariadb versitygw temporal toxiproxy)
readonly versitygw_version=v1.8.0 temporal_version=v1.5.0 toxiproxy_version=v2.12.0
readonly start_timeout_s=120 stop_timeout_s=30
readonly binaries=${XDG_CACHE_HOME:-$HOME/.cache}/taglens-servers
readonly versitygw=$binaries/versitygw-$versitygw_version
readonly temporal=$binaries/temporal-$temporal_version
readonly toxiproxy=$binaries/toxiproxy-$toxiproxy_version
PATH=$PATH:/usr/sbin:/usr/local/go/bin
# What the file «state» in the folder $dir remembers.
declare -A port=()
dir='' password=''

say() { echo "servers: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

# ── install ──────────────────────────────────────────────────────────────────────────────────────────────────────────

install_servers() {
  mkdir -p "$binaries"
  exec {lock}>"$binaries/lock"
  flock "$lock" # two test runs may start side by side
  install_mariadb
  [ -x "$versitygw" ] || build "$versitygw" go_install github.com/versity/versitygw/cmd/versitygw@$versitygw_version
  [ -x "$temporal" ] || build "$temporal" build_temporal
  [ -x "$toxiproxy" ] || build "$toxiproxy" go_install github.com/Shopify/toxiproxy/v2/cmd/server@$toxiproxy_version
  exec {lock}>&-
}

# Only the programs: the package mariadb-server would also start a system service.
install_mariadb() {
  command -v mariadbd mariadb-install-db mariadb-admin >/dev/null && return
  command -v apt-get >/dev/null || fail 'MariaDB 10.11 or newer is missing; install its server and client programs'
  local sudo=''
  [ "$(id -u)" = 0 ] || sudo=sudo
  say 'installing MariaDB'
  $sudo apt-get update -qq >&2
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq mariadb-server-core mariadb-client >&2
}

# Under a temporary name first, so that an interrupted build is never taken for a finished one.
build() {
  local target=$1
  shift
  command -v go >/dev/null || fail 'Go 1.25 or newer is missing; it builds the S3 server, Temporal and ToxiProxy'
  say "building ${target##*/}; this takes minutes, once"
  local folder
  folder=$(mktemp -d "$binaries/build.XXXXXX")
  "$@" "$folder" >&2
  mv "$folder"/* "$target"
  rmdir "$folder"
}

go_install() { GOBIN=$2 go install "$1"; }

# `go install` refuses this module; inside its own folder, with its own go.sum, it builds.
build_temporal() {
  local source
  source=$(go mod download -json "github.com/temporalio/cli@$temporal_version" |
    sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
  (cd "$source" && go build -buildvcs=false -ldflags='-s -w' -o "$1/temporal" ./cmd/temporal)
}

# ── one server ───────────────────────────────────────────────────────────────────────────────────────────────────────

launch_mariadb() {
  local user=() data=$dir/mariadb/data
  [ "$(id -u)" != 0 ] || user=(--user=root)
  if [ ! -d "$data/mysql" ]; then
    mkdir -p "$dir/mariadb"
    mariadb-install-db --no-defaults "${user[@]}" --datadir="$data" --skip-test-db \
      --auth-root-authentication-method=normal >"$dir/mariadb-install.log" 2>&1
    echo "CREATE USER IF NOT EXISTS 'taglens'@'%' IDENTIFIED BY '$password';
GRANT ALL PRIVILEGES ON *.* TO 'taglens'@'%';" >"$dir/mariadb/init.sql"
  fi
  # Who asks for it is answered encrypted, with a certificate that nobody knows.
  [ -e "$dir/mariadb/cert.pem" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost \
    -keyout "$dir/mariadb/key.pem" -out "$dir/mariadb/cert.pem" 2>/dev/null ||
    fail 'OpenSSL is missing; it makes the certificate of MariaDB'
  # A temporary folder of its own: another MariaDB that starts would clear away these files in /tmp.
  background mariadb mariadbd --no-defaults "${user[@]}" --datadir="$data" --tmpdir="$dir/mariadb" \
    --init-file="$dir/mariadb/init.sql" --ssl-cert="$dir/mariadb/cert.pem" --ssl-key="$dir/mariadb/key.pem" \
    --bind-address=127.0.0.1 --port="${port[mariadb]}" --socket="$dir/mariadb/socket" --skip-name-resolve \
    --character-set-server=utf8mb4 --max-connections=500 --innodb-buffer-pool-size=512M \
    --innodb-flush-log-at-trx-commit=1
}
mariadb_answers() {
  MYSQL_PWD=$password mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --port="${port[mariadb]}" --user=taglens \
    --execute='SELECT 1'
}

launch_versitygw() {
  mkdir -p "$dir/versitygw/buckets" "$dir/versitygw/metadata"
  # The sidecar keeps metadata in files: not every temporary folder has extended attributes.
  ROOT_ACCESS_KEY=taglens ROOT_SECRET_KEY=$password background versitygw \
    "$versitygw" --port "127.0.0.1:${port[versitygw]}" --health /health --keep-alive --quiet \
    posix --sidecar "$dir/versitygw/metadata" "$dir/versitygw/buckets"
}
versitygw_answers() { curl -sf "http://127.0.0.1:${port[versitygw]}/health"; }

# As the Compose file sets it: large trainings let small ones pass, and a queue keeps its order.
launch_temporal() {
  background temporal "$temporal" server start-dev --headless --ip 127.0.0.1 --port "${port[temporal]}" \
    --db-filename "$dir/temporal.db" --dynamic-config-value matching.enableFairness=true \
    --dynamic-config-value matching.numTaskqueueReadPartitions=1 \
    --dynamic-config-value matching.numTaskqueueWritePartitions=1 \
    --disable-config-env --disable-config-file
}
temporal_answers() {
  "$temporal" operator namespace describe default --address "127.0.0.1:${port[temporal]}" --command-timeout 5s \
    --disable-config-env --disable-config-file
}

# Its proxies live in memory: after a restart they have to be made again.
launch_toxiproxy() { background toxiproxy "$toxiproxy" -host 127.0.0.1 -port "${port[toxiproxy]}"; }
toxiproxy_answers() { curl -sf "http://127.0.0.1:${port[toxiproxy]}/version"; }

# A session of its own, so that Ctrl-C reaches the command that uses the servers and not the servers.
background() {
  local name=$1
  shift
  setsid "$@" </dev/null >>"$dir/$name.log" 2>&1 &
  echo $! >"$dir/$name.pid"
}

pid_of() { cat "$dir/$1.pid" 2>/dev/null || true; }

# A dead process that nobody waited for (in a container, often) still has its id, with state Z.
lives() { grep -qsE '^State:[[:space:]]+[^ZX[:space:]]' "/proc/$1/status"; }

runs() {
  local pid
  pid=$(pid_of "$1")
  [ -n "$pid" ] && lives "$pid"
}

await_answer() {
  local name=$1 deadline=$((SECONDS + start_timeout_s))
  until "${name}_answers" >/dev/null 2>&1; do
    if ! runs "$name" || [ "$SECONDS" -ge "$deadline" ]; then
      tail -n 20 "$dir/$name.log" >&2
      say "$name does not answer; the end of $dir/$name.log stands above"
      return 1
    fi
    sleep 0.2
  done
}

end_server() {
  local name=$1 signal=$2 pid deadline=$((SECONDS + stop_timeout_s))
  pid=$(pid_of "$name")
  if [ -n "$pid" ] && kill "-$signal" "$pid" 2>/dev/null; then
    while lives "$pid"; do
      [ "$SECONDS" -lt "$deadline" ] || kill -KILL "$pid" 2>/dev/null || true
      sleep 0.1
    done
  fi
  rm -f "$dir/$name.pid"
}

restart_server() {
  end_server "$1" TERM
  "launch_$1"
  await_answer "$1"
}

# ── all of them ──────────────────────────────────────────────────────────────────────────────────────────────────────

# All ports are held open at once while they are chosen, so that no two are the same.
free_ports() {
  node -e '
    const net = require("node:net");
    const servers = Array.from({ length: Number(process.argv[1]) }, () => net.createServer());
    const listening = servers.map((server) => new Promise((done) => server.listen(0, "127.0.0.1", done)));
    Promise.all(listening).then(() => {
      console.log(servers.map((server) => server.address().port).join(" "));
      for (const server of servers) server.close();
    });' "${#names[@]}"
}

make_state() {
  local name chosen
  mkdir -p "$dir"
  read -ra chosen < <(free_ports)
  (
    umask 077
    for name in "${names[@]}"; do
      echo "port[$name]=${chosen[0]}"
      chosen=("${chosen[@]:1}")
    done >"$dir/state"
    echo "password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" >>"$dir/state"
  )
}

load_state() {
  [ -f "$dir/state" ] || fail "$dir holds no servers; make them with: infra/servers.sh start $dir"
  # shellcheck source=/dev/null
  . "$dir/state"
}

start_all() {
  local name
  [ -f "$dir/state" ] || make_state
  load_state
  for name in "${names[@]}"; do runs "$name" || "launch_$name"; done
  for name in "${names[@]}"; do await_answer "$name" || { stop_all && return 1; }; done
  say "all answer; state and logs in $dir"
}

stop_all() {
  local name
  for name in "${names[@]}"; do end_server "$name" TERM; done
}

print_environment() {
  cat <<ENVIRONMENT
export TAGLENS_TEST_MYSQL_URL=mysql://taglens:$password@127.0.0.1:${port[mariadb]}/
export TAGLENS_TEST_S3_ENDPOINT=http://127.0.0.1:${port[versitygw]}
export TAGLENS_TEST_S3_ACCESS_KEY_ID=taglens
export TAGLENS_TEST_S3_SECRET_ACCESS_KEY=$password
export TAGLENS_TEST_TEMPORAL_ADDRESS=127.0.0.1:${port[temporal]}
export TAGLENS_TEST_TOXIPROXY_URL=http://127.0.0.1:${port[toxiproxy]}
export TAGLENS_TEST_SERVERS_DIR=$(printf %q "$dir")
ENVIRONMENT
}

# The state is thrown away when the command succeeds and kept for a look when it fails.
run_command() {
  local code=0
  trap stop_all EXIT
  start_all
  eval "$(print_environment)"
  "$@" || code=$?
  stop_all
  trap - EXIT
  if [ "$code" = 0 ]; then rm -rf "$dir"; else say "state and logs are kept in $dir"; fi
  return "$code"
}

absolute() { (mkdir -p "$1" && cd "$1" && pwd); }
new_folder() { mktemp -d "${TMPDIR:-/tmp}/taglens-servers.XXXXXX"; }
one_of() { case " ${names[*]} " in *" $1 "*) ;; *) fail "$1 is none of: ${names[*]}" ;; esac }

command=${1:-}
shift || usage
case "$command:$#" in
  install:0) install_servers ;;
  start:0 | start:1)
    install_servers
    dir=$(absolute "${1:-$(new_folder)}")
    start_all
    print_environment
    ;;
  env:1 | stop:1)
    dir=$1
    load_state
    if [ "$command" = stop ]; then stop_all; else print_environment; fi
    ;;
  kill:2 | restart:2)
    one_of "$1"
    dir=$2
    load_state
    if [ "$command" = kill ]; then end_server "$1" KILL; else restart_server "$1"; fi
    ;;
  run:0) usage ;;
  run:*)
    install_servers
    dir=$(new_folder)
    run_command "$@"
    ;;
  *) usage ;;
esac
