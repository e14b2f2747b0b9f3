//! How fast it is. Not a test: it measures, in time of one processor, whatever else runs on it.

use super::*;

/// How long this thread has run (Linux).
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

#[test]
#[ignore = "a measurement: run it alone, in a release build"]
fn ofds_a_second() {
    let record = record();
    let bytes = WORLD.seal(&record);
    let measure = |name: &str, work: &mut dyn FnMut()| {
        let (begin, mut count) = (spent(), 0u32);
        while spent() - begin < Duration::from_millis(500) {
            work();
            count += 1;
        }
        let each = (spent() - begin) / count;
        println!("{name}: {:.0}/s ({each:?} each)", 1.0 / each.as_secs_f64());
    };
    println!("{} bytes, the record {}", bytes.len(), record.len());
    measure("print", &mut || drop(print(&record, &FONTS, Some(&qr(33))).unwrap()));
    measure("print and seal", &mut || drop(WORLD.seal(&record)));
    measure("verify", &mut || drop(WORLD.verify(&bytes).unwrap()));
}
