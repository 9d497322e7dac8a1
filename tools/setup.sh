#!/bin/sh
# Makes .venv and installs the project into it, from the versions in constraints.txt.
#
#   tools/setup.sh core   what Verilog, co-simulation and area reports need (no torch)
#   tools/setup.sh full   training, place and route, and tests as well
#   tools/setup.sh check  nothing; fails unless .venv has a Python, that of the variable PYTHON if it is set
#
# The Makefile calls this when the stamp that it leaves is missing or old.
set -eu
cd "$(dirname "$0")/.."
level=$1
python=${PYTHON:-python3}
log=.venv/setup.log

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

# Installs Debian packages if this user may; fails quietly otherwise.
apt_install() {
    command -v apt-get >/dev/null || return 1
    root=
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || return 1
        root="sudo -n"
    fi
    say "installing $* with apt"
    export DEBIAN_FRONTEND=noninteractive
    # The package lists of a fresh machine or container are empty or old: read them and try again.
    # A service that starts now must not inherit the lock below.
    $root apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 9<&- ||
        { $root apt-get update -qq >/dev/null 2>&1 &&
            $root apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 9<&-; }
}

# The Python that a virtual environment was made with; whether PYTHON names another one than that of .venv.
base() { "$1" -c 'import os, sys; print(os.path.realpath(sys._base_executable))' 2>/dev/null; }
other() { [ -n "${PYTHON:-}" ] && [ "$(base .venv/bin/python)" != "$(base "$python")" ]; }
if [ "$level" = check ]; then
    [ -x .venv/bin/python ] && ! other
    exit
fi

# One set-up at a time in a checkout: another one waits, and has nothing left to do if the first did the same.
if command -v flock >/dev/null; then
    exec 9<tools/setup.sh
    flock -n 9 || { say "another set-up is at work here; waiting for it"; flock 9; }
fi
there() { [ -e "$1" ] && [ -z "$(find pyproject.toml constraints.txt tools/setup.sh -newer "$1")" ]; }
if [ -x .venv/bin/python ] && there ".venv/$level.stamp" && ! other; then
    exit
fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    stop "Python 3.11 or newer is needed; install it, or name it: make ... PYTHON=python3.12"

if other || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    # Only an environment that this script made is made again; its log says so, also of one that was interrupted.
    [ -e "$log" ] || [ -z "$(ls -A .venv 2>/dev/null)" ] ||
        stop ".venv is there and was not made by tools/setup.sh; move it or remove it"
    # Debian splits venv off Python, into a package with the version in its name.
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install "$package" ||
        stop "Python cannot make virtual environments here; install it first: apt install $package"
    say "making .venv with $("$python" --version)"
    mkdir -p .venv
    touch "$log"
    find .venv/ -mindepth 1 ! -path "$log" -delete
    "$python" -m venv .venv
fi

case $level in
core) project=. ;;
full) project='.[train,fpga,test]' ;;
*) stop "unknown level $level; choose core or full" ;;
esac
say "installing Python packages ($level); what pip says goes to $log"
.venv/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable "$project" \
    >"$log" 2>&1 || { tail -n 15 "$log" >&2; stop "pip failed; its last lines are above, all of them in $log"; }

# Only simulation needs these, so their absence stops nothing here; `mint cosim` and the tests insist on them.
command -v iverilog >/dev/null || apt_install iverilog ||
    say "Icarus Verilog is missing, simulation needs it; install it: apt install iverilog"
{ command -v c++ && command -v make && command -v perl; } >/dev/null || apt_install g++ make perl ||
    say "a C++ compiler, make or perl is missing, Verilator needs them; install them: apt install g++ make perl"

# Static timing and a standard-cell library: `mint timing` and its tests insist on them.
if [ "$level" = full ]; then
    command -v sta >/dev/null || apt_install opensta ||
        say "OpenSTA is missing, timing reports need it; install it: apt install opensta"
    [ -d /usr/share/qflow/tech/osu035 ] || apt_install qflow-tech-osu035 ||
        say "the OSU 0.35 um cells are missing, timing reports need a library; install them: apt install qflow-tech-osu035"
fi

# Training, evaluation and co-simulation of the shipped networks read it.
[ -d /usr/share/datasets/fashion-mnist ] || apt_install dataset-fashion-mnist ||
    say "Fashion-MNIST is not installed; it will be downloaded when needed, or name its folder in MINT_DATA"

touch ".venv/$level.stamp"
[ "$level" = core ] || touch .venv/core.stamp
say "done"
