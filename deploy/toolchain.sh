# shellcheck shell=sh
# Sourced in the top folder: finds cargo, and OpenSSL where compilers do not look.

# rustup puts cargo here but cannot change the PATH of shells that are open.
PATH=${CARGO_HOME:-${HOME:-}/.cargo}/bin:$PATH
export PATH

# Where rustup cannot fetch the version that rust-toolchain.toml pins, the one
# that is installed has to do.
if command -v rustup >/dev/null && ! cargo --version >/dev/null; then
    RUSTUP_TOOLCHAIN=$(cd / && rustup show active-toolchain | cut -d ' ' -f 1)
    export RUSTUP_TOOLCHAIN
    echo "Using the installed Rust instead: $RUSTUP_TOOLCHAIN" >&2
fi

rust_minor=$(cargo --version 2>/dev/null | cut -d . -f 2)
if [ "${rust_minor:-0}" -lt 95 ]; then
    echo "phone-auth needs Rust 1.95 or newer; https://rustup.rs installs it." >&2
    exit 1
fi

# Homebrew keeps its OpenSSL apart from the system's libraries.
if [ -z "${OPENSSL_DIR:-}" ] && command -v brew >/dev/null && [ "$(uname)" = Darwin ]; then
    OPENSSL_DIR=$(brew --prefix openssl@3)
    export OPENSSL_DIR
fi
