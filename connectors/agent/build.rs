//! How the connector is linked.

fn main() {
    // A position-independent program of this size carries two megabytes of relocations; packed
    // (DT_RELR) they are twenty kilobytes. The dynamic loader of glibc 2.36 (Debian 12) and
    // later reads them; an older linker ignores the option and says so.
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    println!("cargo::rerun-if-changed=build.rs");
}
