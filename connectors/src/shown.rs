//! Other people's words on a terminal.

pub use zerotrip_datasets::shown::shown;
