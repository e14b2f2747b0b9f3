//! Compiles the `.proto` files without a system `protoc`, and keeps the descriptor set for
//! reflection.

use std::path::PathBuf;

use prost::Message as _;

const FILES: [&str; 9] = [
    "zerotrip/v1/envelope.proto",
    "zerotrip/v1/error.proto",
    "zerotrip/v1/exchange.proto",
    "zerotrip/v1/identity.proto",
    "zerotrip/v1/dataset.proto",
    "zerotrip/v1/catalog.proto",
    "zerotrip/v1/ledger.proto",
    "zerotrip/v1/authority.proto",
    "zerotrip/v1/connector.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
