# shellcheck shell=bash
# Shared by the scripts of this folder: finding the repository, installing packages, building.
# Sourced, never run.

set -euo pipefail
readonly invoked_from=$PWD
cd -- "$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
readonly root=$PWD
readonly jobs=${JOBS:-$(nproc)}

say() { printf '\n==> %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# What each package is for; a program named after the colon stands for its package, however it got
# on the disk.
declare -rA packages=(
  [g++]="the C++20 compiler:g++"
  [cmake]="configures the build:cmake"
  [ninja-build]="runs the build:ninja"
  [libopenblas-dev]="matrix products"
  [libhwy-dev]="SIMD with run-time dispatch"
  [nlohmann-json3-dev]="JSON files"
  [libcli11-dev]="command lines of the programs"
  [gnuplot-nox]="draws the figures of the reports:gnuplot"
  [libgtest-dev]="the test framework"
  [libbenchmark-dev]="the benchmark framework"
  [clang]="the second compiler:clang++"
  [clang-format-14]="the formatter; its output depends on the version:clang-format-14"
  [clang-tidy-14]="the linter; what it finds depends on the version:clang-tidy-14"
  [gcovr]="measures line coverage:gcovr"
  [python3]="compares benchmark results:python3"
  [python3-venv]="holds PyTorch and JAX"
  [python3-dev]="headers for what torch.compile generates"
  [git]="lists the files of the repository:git"
)
readonly library_packages=(g++ cmake ninja-build libopenblas-dev libhwy-dev nlohmann-json3-dev)

present() {  # PACKAGE
  local program=
  [[ ${packages[$1]} != *:* ]] || program=${packages[$1]##*:}
  [[ -n $program ]] && command -v "$program" >/dev/null && return
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# require PACKAGE...: installs those that are missing, and says which and why.
require() {
  local package missing=() sudo=()
  for package in "$@"; do
    present "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  local by_hand="apt-get install --no-install-recommends ${missing[*]}"
  command -v apt-get >/dev/null ||
    die "not Debian or Ubuntu: install what their packages ${missing[*]} hold, then call cmake"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "packages are missing; as root: $by_hand"
    sudo -n true 2>/dev/null || [[ -t 0 ]] || die "packages are missing; run: sudo $by_hand"
    sudo=(sudo)
  fi

  say "Installing missing packages"
  for package in "${missing[@]}"; do
    printf '    %-20s %s\n' "$package" "${packages[$package]%%:*}"
  done
  local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y
    -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120)
  local log
  log=$(mktemp)
  if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } \
    </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "the installation failed; by hand, as root: apt-get update && $by_hand"
  fi
  rm -f "$log"
}

# configure PRESET PART...: makes build/PRESET ready to build the parts (apps, tests, benchmarks).
# Parts nobody asked for yet stay off, since their packages may not be there; once on, they stay on.
# ITO_WERROR=ON in the environment turns warnings into errors, in presets that do not already.
configure() {
  local preset=$1 cache=build/$1/CMakeCache.txt part fresh=false arguments=()
  shift
  # A configuration that failed leaves a cache, which says what it was to be and not what it is.
  if [[ ! -f build/$preset/build.ninja ]]; then
    fresh=true
    for part in APPS TESTS BENCHMARKS; do
      arguments+=(-D "ITO_BUILD_$part=OFF")
    done
  fi
  for part in "${@^^}"; do
    if $fresh || ! grep -qs "^ITO_BUILD_$part:BOOL=ON" "$cache"; then
      arguments+=(-D "ITO_BUILD_$part=ON")
    fi
  done
  if [[ ${ITO_WERROR:-} == ON ]] && ! grep -qs '^ITO_WERROR:BOOL=ON' "$cache"; then
    arguments+=(-D ITO_WERROR=ON)
  fi
  ((${#arguments[@]})) || return 0
  say "Configuring $preset"
  cmake --preset "$preset" "${arguments[@]}"
}

# build PRESET [TARGET...]: everything that is configured, or the targets.
build() {
  local preset=$1
  shift
  say "Building $preset in build/$preset"
  cmake --build --preset "$preset" --parallel "$jobs" ${1:+--target "$@"}
}
