# Functions that config/quickstart/prepare.sh and test/prepare.sh share. Sourced, from the project's root.

# Where unpacked packages are kept between runs, outside the checkout.
landwaiter_cache="${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/landwaiter"

say() {
  printf 'landwaiter: %s\n' "$*"
}

die() {
  printf 'landwaiter: %s\n' "$*" >&2
  exit 1
}

# True when $1 exists and $2 has not changed since.
is_newer() {
  [ -e "$1" ] && [ -z "$(find "$2" -newer "$1")" ]
}

# Installs node_modules when it is missing or older than the lock file.
install_node_modules() {
  # npm writes this file last, so it is missing after an interrupted installation.
  if ! is_newer node_modules/.package-lock.json package-lock.json; then
    say 'installing Node packages with npm ci (about half a minute)'
    npm ci --no-progress --loglevel=error || die 'npm ci failed; the reason is above'
  fi
  if [ ! -x node_modules/.bin/node ]; then
    say 'node_modules has no Node 24: npm did not run the install script of the package "node"'
    die 'run: npm rebuild node --ignore-scripts=false'
  fi
}

# apt-get with the arguments given, waiting up to five minutes while another one holds a lock.
# The option of apt itself covers the lock of dpkg only, not the one of the package lists.
apt_get() {
  apt_log=$(mktemp)
  apt_tries=0
  until DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >"$apt_log" 2>&1; do
    apt_tries=$((apt_tries + 1))
    if [ "$apt_tries" -ge 60 ] || ! grep -q 'Could not get lock' "$apt_log"; then
      tail -n 20 "$apt_log" >&2
      rm -f "$apt_log"
      return 1
    fi
    sleep 5
  done
  rm -f "$apt_log"
}

# Unpacks Debian packages ($3 and on) into the directory $2 without installing anything: needs no root, starts no service.
# $1 is a suite of Debian, or "any" for the suites that this machine uses. Dependencies are not followed.
unpack_packages() {
  unpack_into=$2
  unpack_apt=$(mktemp -d)
  mkdir -p "$unpack_into" "$unpack_apt/lists/partial" "$unpack_apt/cache" "$unpack_apt/debs"
  {
    echo "Dir::State::Lists \"$unpack_apt/lists\"; Dir::Cache \"$unpack_apt/cache\"; APT::Sandbox::User \"root\";"
    [ "$1" = any ] || echo "Dir::Etc::SourceList \"$unpack_apt/sources.list\"; Dir::Etc::SourceParts \"/dev/null\";"
    # Without this, packages would be judged against those that are installed.
    [ "$1" = any ] || echo 'Dir::State::status "/dev/null";'
  } >"$unpack_apt/apt.conf"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) $1 main" >"$unpack_apt/sources.list"
  shift 2
  (
    export APT_CONFIG="$unpack_apt/apt.conf"
    cd "$unpack_apt/debs" && apt_get update && apt_get download "$@" || exit 1
    for deb in ./*.deb; do dpkg-deb -x "$deb" "$unpack_into" || exit 1; done
  )
  unpack_status=$?
  rm -rf "$unpack_apt"
  return "$unpack_status"
}

# The mirror that this machine gets Debian from.
debian_mirror() {
  mirror=$(sed -n 's/^URIs: *\(http[^ ]*\).*/\1/p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -n 1)
  [ -n "$mirror" ] || mirror=$(sed -n 's/^deb \(\[[^]]*\] \)*\(http[^ ]*\) .*/\2/p' /etc/apt/sources.list 2>/dev/null | head -n 1)
  echo "${mirror:-http://deb.debian.org/debian}"
}

# Makes a distribution registry available to npm scripts: one on the PATH, else the one of the package docker-registry,
# linked into node_modules/.bin, which npm puts on the PATH.
ensure_registry() {
  # Other programs are called "registry" too, so it is asked who it is.
  if has_registry registry || has_registry docker-registry; then return; fi
  registry_binary=$landwaiter_cache/docker-registry/usr/bin/docker-registry
  if ! is_distribution "$registry_binary"; then
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || no_registry
    say 'fetching a registry: the package docker-registry (5 MB), unpacked, not installed'
    unpack_packages any "$landwaiter_cache/docker-registry" docker-registry || no_registry
    is_distribution "$registry_binary" || no_registry
  fi
  ln -sf "$registry_binary" node_modules/.bin/docker-registry
}

has_registry() {
  is_distribution "$(PATH="$PWD/node_modules/.bin:$PATH" command -v "$1")"
}

is_distribution() {
  [ -n "$1" ] && [ -x "$1" ] && "$1" --version 2>/dev/null | grep -qE 'github.com/(docker|distribution)/distribution'
}

no_registry() {
  say 'no registry was found, and none could be fetched from the packages of this system' >&2
  say 'put the program "registry" of github.com/distribution/distribution (2.8 or 3) on the PATH' >&2
  die 'or, on Debian and Ubuntu: apt-get install docker-registry'
}
