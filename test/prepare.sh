#!/bin/sh
# Makes `npm test` work in a fresh checkout: Node packages, tap's plugins, a registry, and the clients that the tests
# drive. Installs Debian packages when some are missing; starts no service. Milliseconds when all is there.
set -eu
cd "$(dirname "$0")/.."
. config/quickstart/setup-functions.sh

# The set of plugins is compiled into node_modules, so every installation loses it.
build_tap() {
  if is_newer node_modules/.tap-plugins-built node_modules/.package-lock.json; then return; fi
  say "building tap's plugins"
  PATH="$PWD/node_modules/.bin:$PATH" tap build >/dev/null
  touch node_modules/.tap-plugins-built
}

# program:package
needed_programs='dockerd:docker.io docker:docker.io ctr:containerd podman:podman skopeo:skopeo jq:jq openssl:openssl
  ip:iproute2 nsenter:util-linux named:bind9 caddy:caddy curl:curl haproxy:haproxy fail2ban-regex:fail2ban
  logrotate:logrotate rsyslogd:rsyslog'

missing_packages() {
  for needed in $needed_programs; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${needed%%:*}" >/dev/null || echo "${needed##*:}"
  done | sort -u | tr '\n' ' '
}

install_programs() {
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || die "the tests need: ${missing% }"
  [ "$(id -u)" = 0 ] || die "as root, run: apt-get install ${missing% }"
  say "installing what the tests drive: ${missing% }"
  keep_services_stopped
  apt_get update
  # shellcheck disable=SC2086 # a list
  apt_get install -y --no-install-recommends $missing
}

# Debian starts a service as soon as its package is installed, unless this file answers 101.
keep_services_stopped() {
  policy=/usr/sbin/policy-rc.d
  [ ! -e "$policy" ] || return 0
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
}

# Debian 12 has no package of compose v2; the one of Debian 13 needs nothing newer than what Debian 12 has.
ensure_compose() {
  for plugins in /usr/libexec /usr/lib /usr/local/libexec /usr/local/lib "$landwaiter_cache/docker-compose/usr/libexec"; do
    [ ! -x "$plugins/docker/cli-plugins/docker-compose" ] || return 0
  done
  command -v apt-get >/dev/null || die 'the tests need the docker compose plugin, version 2'
  say 'fetching docker compose: the package docker-compose of Debian 13 (13 MB), unpacked, not installed'
  unpack_packages trixie "$landwaiter_cache/docker-compose" docker-compose ||
    die 'the tests need the docker compose plugin, version 2; it could not be fetched'
}

# Debian 12 has no cosign; the one of Debian 13 needs nothing newer than what Debian 12 has.
ensure_cosign() {
  if [ -x "$landwaiter_cache/cosign/usr/bin/cosign" ] || command -v cosign >/dev/null; then return; fi
  command -v apt-get >/dev/null || die 'the tests need cosign'
  say 'fetching cosign: the package cosign of Debian 13 (15 MB), unpacked, not installed'
  unpack_packages trixie "$landwaiter_cache/cosign" cosign || die 'the tests need cosign; it could not be fetched'
}

# The pebble of Debian 12 tells no renewal windows; the one of Debian 13 needs nothing newer than what Debian 12 has.
ensure_pebble() {
  [ ! -x "$landwaiter_cache/pebble/usr/bin/pebble-challtestsrv" ] || return 0
  command -v apt-get >/dev/null || die 'the tests need pebble 2.6'
  say 'fetching pebble: the package pebble of Debian 13 (6 MB), unpacked, not installed'
  unpack_packages trixie "$landwaiter_cache/pebble" pebble || die 'the tests need pebble; it could not be fetched'
}

# Only its promtool is used, so it is not installed.
ensure_promtool() {
  if [ -x "$landwaiter_cache/prometheus/usr/bin/promtool" ] || command -v promtool >/dev/null; then return; fi
  command -v apt-get >/dev/null || die 'the tests need promtool, of Prometheus'
  say 'fetching promtool: the package prometheus of this Debian (19 MB), unpacked, not installed'
  unpack_packages any "$landwaiter_cache/prometheus" prometheus || die 'the tests need promtool; it could not be fetched'
}

# A plugin without a program.
ensure_rsyslog_tls() {
  for directory in /usr/lib/rsyslog /usr/lib/*/rsyslog; do
    [ ! -e "$directory/lmnsd_gtls.so" ] || return 0
  done
  command -v apt-get >/dev/null || die 'the tests need rsyslog with TLS, of rsyslog-gnutls'
  [ "$(id -u)" = 0 ] || die 'as root, run: apt-get install rsyslog-gnutls'
  say 'installing what the tests drive: rsyslog-gnutls'
  keep_services_stopped
  apt_get update
  apt_get install -y --no-install-recommends rsyslog-gnutls
}

# A storage of S3's kind. The moto of Debian 13 runs with the Python of Debian 12.
ensure_moto() {
  modules=usr/lib/python3/dist-packages
  if [ -d "$landwaiter_cache/moto/$modules/moto" ] && [ -e "/$modules/flask_cors" ]; then return; fi
  command -v apt-get >/dev/null || die 'the tests need moto, of Python'
  say 'fetching moto: python3-moto of Debian 13 and what it imports (12 MB), unpacked, not installed'
  if [ ! -e "/$modules/flask_cors" ]; then
    [ "$(id -u)" = 0 ] || die 'as root, run: apt-get install python3-flask-cors'
    apt_get update
    apt_get install -y --no-install-recommends python3-flask python3-flask-cors python3-werkzeug python3-xmltodict \
      python3-jinja2 python3-requests python3-cryptography python3-dateutil python3-jmespath python3-yaml
  fi
  unpack_packages trixie "$landwaiter_cache/moto" python3-moto python3-boto3 python3-botocore python3-s3transfer \
    python3-responses || die 'the tests need moto; it could not be fetched'
}

install_node_modules
build_tap
ensure_registry
install_programs
ensure_compose
ensure_cosign
ensure_pebble
ensure_promtool
ensure_rsyslog_tls
ensure_moto
