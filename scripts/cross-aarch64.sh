#!/bin/sh
# Builds carvoice for 64-bit Arm on Debian 12 (x86-64), into target/aarch64-unknown-linux-gnu/release.
# Installs Debian's cross compiler and the Rust library for the target, as root. The compiler is Debian's
# own Rust, rustup's has no library for the target installed.
set -eu
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu

if [ "$(dpkg --print-architecture)" != amd64 ]; then
    echo "This builds on amd64 only; on another machine build natively: make build" >&2
    exit 1
fi
packages="rustc-web cargo-web libstd-rust-web-dev:arm64 gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libasound2-dev:arm64 cmake libclang-dev"
missing=""
for package in $packages; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ]; then
        echo "Run this as root:  dpkg --add-architecture arm64 && apt-get update && apt-get install$missing" >&2
        exit 1
    fi
    dpkg --add-architecture arm64
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing
fi

# Debian's compiler, not rustup's.
export PATH=/usr/bin:/bin RUSTC=/usr/bin/rustc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
export CXX_aarch64_unknown_linux_gnu=aarch64-linux-gnu-g++
export AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar
export PKG_CONFIG_ALLOW_CROSS=1
export PKG_CONFIG_LIBDIR_aarch64_unknown_linux_gnu=/usr/lib/aarch64-linux-gnu/pkgconfig
export BINDGEN_EXTRA_CLANG_ARGS_aarch64_unknown_linux_gnu="--target=aarch64-linux-gnu --sysroot=/usr/aarch64-linux-gnu -I/usr/aarch64-linux-gnu/include"
export GGML_NATIVE=OFF GGML_OPENMP=OFF
exec cargo build --release --locked --target $target --bins -p carvoice -p carvoice-vehicle
