#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| zerotrip_fuzz::run("identity_token", data));
