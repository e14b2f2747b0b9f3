//! Every parser of hostile bytes as one function of bytes. cargo-fuzz (`fuzz/fuzz_targets/`) and
//! the seeded run of the tests ([`bounded`]) call the same functions.
//!
//! A target fails by a panic: the parser's own, or that of an assertion on what it gave. It returns
//! whether the bytes were accepted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests alone use it, and a failed test is what they want"
)]

pub mod bounded;
mod certificates;
mod documents;
mod files;
mod genuine;
mod identity;
mod mutate;
mod presented;
mod printed;
mod qr;
mod repository;
mod signed;
mod target;
#[path = "../../../certs/qr/src/tests/world.rs"]
mod world;

pub use target::Target;

/// Every target, by its name.
pub const TARGETS: [Target; 29] = [
    Target { name: "certificate", run: genuine::certificate, seeds: genuine::certificate_seeds },
    Target {
        name: "certificate_claims",
        run: genuine::certificate_claims,
        seeds: genuine::certificate_claims_seeds,
    },
    Target { name: "csv", run: files::csv, seeds: files::csv_seeds },
    Target { name: "dataset", run: documents::dataset, seeds: documents::dataset_seeds },
    Target { name: "dbf", run: files::dbf, seeds: files::dbf_seeds },
    Target { name: "definition", run: documents::definition, seeds: documents::definition_seeds },
    Target { name: "disclosure", run: certificates::disclosure, seeds: documents::json_seeds },
    Target { name: "dsse", run: signed::dsse, seeds: signed::dsse_seeds },
    Target {
        name: "identity_token",
        run: identity::identity_token,
        seeds: identity::identity_token_seeds,
    },
    Target { name: "json", run: documents::json, seeds: documents::json_seeds },
    Target { name: "jwe", run: presented::jwe, seeds: presented::jwe_seeds },
    Target { name: "jwks", run: identity::jwks, seeds: identity::jwks_seeds },
    Target { name: "jwt", run: presented::jwt, seeds: presented::jwt_seeds },
    Target { name: "manifest", run: documents::manifest, seeds: documents::manifest_seeds },
    Target { name: "note", run: signed::note, seeds: signed::note_seeds },
    Target { name: "ofd", run: printed::ofd, seeds: printed::ofd_seeds },
    Target { name: "ofd_parts", run: printed::ofd_parts, seeds: printed::ofd_parts_seeds },
    Target { name: "parquet", run: files::parquet, seeds: files::parquet_seeds },
    Target { name: "pdf", run: printed::pdf, seeds: printed::pdf_seeds },
    Target { name: "qr", run: qr::qr, seeds: qr::qr_seeds },
    Target { name: "qr_claims", run: genuine::qr_claims, seeds: genuine::qr_claims_seeds },
    Target { name: "qr_image", run: qr::qr_image, seeds: qr::qr_image_seeds },
    Target { name: "sdjwt", run: certificates::sdjwt, seeds: certificates::sdjwt_seeds },
    Target {
        name: "sdjwt_parts",
        run: certificates::sdjwt_parts,
        seeds: certificates::sdjwt_parts_seeds,
    },
    Target { name: "sheet", run: files::sheet, seeds: files::sheet_seeds },
    Target {
        name: "status_list",
        run: certificates::status_list,
        seeds: certificates::status_list_seeds,
    },
    Target { name: "tile", run: signed::tile, seeds: signed::tile_seeds },
    Target { name: "xls", run: files::xls, seeds: files::xls_seeds },
    Target { name: "xlsx", run: files::xlsx, seeds: files::xlsx_seeds },
];

/// Runs the target of this name once.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of this name").run)(data);
}
