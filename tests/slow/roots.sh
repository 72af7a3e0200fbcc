#!/bin/sh
# Proves that the first command and the tests work on machines that a fresh Debian 12 can be: with debootstrap it builds
# roots with Node and npm, clones the last commit into them, runs `./igpo train` and `./igpo test` there, and prints a
# table. Needs root, the network, 6 GB and hours; not a part of any other command.
#
#   ./igpo roots [ROOT:USER ...]     such as bare:root; without any, all that `all` lists
#
# Roots: `bare` has no graphics library; `gl` has Mesa's OpenGL; `lavapipe` has Mesa's Vulkan; `noapt` has no apt-get, so
# that plain loops are left. Users: `root`; `plain`, who is nobody special; `offline`, the same after `plain` and without
# a network. LD_LIBRARY_PATH is set for all of them, as it is on machines with CUDA.
set -eu

project=$(cd "$(dirname "$0")/../.." && pwd)
roots=${ROOTS:-/var/tmp/igpo-roots}
all='bare:root bare:plain bare:offline gl:root gl:plain gl:offline lavapipe:root lavapipe:plain lavapipe:offline
noapt:plain'

if [ "$(id -u)" -ne 0 ]; then
  echo "Cannot build roots as only root may: you are user $(id -u), run it with sudo" >&2
  exit 2
fi
command -v debootstrap >/dev/null || apt-get install -qq -y --no-install-recommends debootstrap >/dev/null
mkdir -p "$roots"

# Roots fetch by the ways of this machine: mirror, registry, proxy, certificates.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
registry=$(npm config get registry 2>/dev/null || echo https://registry.npmjs.org/)
certificates=/etc/ssl/certs/ca-certificates.crt

install() { # ROOT PACKAGE...
  root=$1
  shift
  chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" \
    >/dev/null 2>&1
}

build_base() {
  [ -e "$roots/base/ready" ] && return
  echo "Building $roots/base" >&2
  rm -rf "$roots/base"
  debootstrap --variant=minbase bookworm "$roots/base" "${mirror:-http://deb.debian.org/debian}" >/dev/null
  cp /etc/resolv.conf "$roots/base/etc/"
  # Written by installers and containers alike, not by debootstrap.
  echo '127.0.0.1 localhost' >"$roots/base/etc/hosts"
  install "$roots/base" ca-certificates nodejs npm
  cp "$certificates" "$roots/base$certificates"
  chroot "$roots/base" useradd --create-home igpo
  touch "$roots/base/ready"
}

build() { # KIND
  [ -e "$roots/$1/built" ] && return
  echo "Building $roots/$1" >&2
  rm -rf "${roots:?}/$1"
  cp -a --reflink=auto "$roots/base" "$roots/$1"
  case $1 in
    gl) install "$roots/$1" libegl1 libgl1 libgles2 libgl1-mesa-dri ;;
    lavapipe) install "$roots/$1" mesa-vulkan-drivers ;;
    noapt) rm "$roots/$1/usr/bin/apt-get" ;;
  esac
  touch "$roots/$1/built"
}

# Runs a command in a root with devices, processes and, unless the user is offline, a network.
within() { # KIND USER COMMAND
  if [ "$2" = root ]; then account=root home=/root; else account=igpo home=/home/igpo; fi
  if [ "$2" = offline ]; then spaces='--mount --net'; else spaces=--mount; fi
  # shellcheck disable=SC2086
  ROOT=$roots/$1 ACCOUNT=$account unshare $spaces sh -c '
    mount --rbind /dev "$ROOT/dev"
    mount -t proc proc "$ROOT/proc"
    mount --rbind /sys "$ROOT/sys"
    ip link set lo up 2>/dev/null || true
    exec chroot --userspec="$ACCOUNT:$ACCOUNT" "$ROOT" "$@"
  ' within env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$home" LC_ALL=C.UTF-8 \
    LD_LIBRARY_PATH=/usr/local/cuda/lib64 \
    NPM_CONFIG_REGISTRY="$registry" NODE_EXTRA_CA_CERTS="$certificates" \
    http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" sh -c "cd ~/igpo && $3"
}

prepare_clone() { # KIND USER
  if [ "$2" = root ]; then home=root; else home=home/igpo; fi
  clone=$roots/$1/$home/igpo
  rm -rf "$clone"
  git -c safe.directory='*' clone -q "file://$project" "$clone"
  [ "$2" = root ] || chroot "$roots/$1" chown -R igpo:igpo /home/igpo/igpo
}

row() { # KIND USER
  log=$roots/$1-$2.log
  [ "$2" = offline ] || prepare_clone "$1" "$2"
  within "$1" "$2" "./igpo train --out ~/run-$2-$(date +%s)" >"$log" 2>&1 || true
  computes=$(sed -n '/^Running on /{s/^Running on //; s/, in software$//; p; q;}' "$log")
  times=$(sed -n 's/^first step after \(.*\), all in \(.*\)$/\1 | \2/p' "$log")
  step=$(sed -n 's/^step .* \([0-9.]* m\{0,1\}s\)$/\1/p' "$log" | tail -n 1)
  started=$(date +%s)
  within "$1" "$2" './igpo test' >"$log.test" 2>&1 || true
  minutes=$((($(date +%s) - started + 30) / 60))
  echo "| $1 | $2 | ${computes:-nothing} | ${times:-- | -} | ${step:--} | $(tail -n 1 "$log.test") | $minutes min |"
}

build_base
echo '| root | user | computes | first step after | default run | a step | ./igpo test | took |'
echo '| --- | --- | --- | --- | --- | --- | --- | --- |'
for pair in ${*:-$all}; do
  kind=${pair%:*}
  build "$kind"
  row "$kind" "${pair#*:}"
done
