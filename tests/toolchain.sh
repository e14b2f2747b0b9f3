# Read by ./run and ./test, which have set `root`.
#
# rust-toolchain.toml names a version, and rustup would download exactly that one. Where it is not
# installed and the default toolchain is as new, the default is used: nothing is downloaded.
if [ -z "${RUSTUP_TOOLCHAIN-}" ] && command -v rustup >/dev/null; then
    wanted=$(sed -n 's/^channel = "\(.*\)"$/\1/p' "$root/rust-toolchain.toml")
    if ! rustup toolchain list | grep "^$wanted-" >/dev/null; then
        # Outside of the working copy, so that the file has no say.
        default=$(cd / && rustc --version 2>/dev/null | cut -d ' ' -f 2)
        if [ -n "$default" ] && printf '%s\n' "$wanted" "$default" | sort -VC; then
            RUSTUP_TOOLCHAIN=$(cd / && rustup show active-toolchain | cut -d ' ' -f 1)
            export RUSTUP_TOOLCHAIN
        fi
    fi
fi
