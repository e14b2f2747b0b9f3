//! How fast it is. Not a test: it measures, on one core.

use std::time::Instant;

use super::*;

#[test]
#[ignore = "a measurement: run it alone, in a release build"]
fn papers_a_second() {
    let record = Claims::new().record();
    let bytes = WORLD.sign(&record, &look());
    let measure = |name: &str, work: &mut dyn FnMut()| {
        let (begin, mut count) = (Instant::now(), 0u32);
        while begin.elapsed() < Duration::from_secs(5) {
            work();
            count += 1;
        }
        let each = begin.elapsed() / count;
        println!("{name}: {:.0}/s ({each:?} each)", 1.0 / each.as_secs_f64());
    };
    println!("{} bytes, the record {}", bytes.len(), record.len());
    measure("print", &mut || drop(print(&record, &FONTS, &look()).unwrap()));
    measure("print and sign", &mut || drop(WORLD.sign(&record, &look())));
    measure("verify", &mut || drop(verify_pdf(&bytes, WORLD.ca.cert_der(), at(4)).unwrap()));
}
