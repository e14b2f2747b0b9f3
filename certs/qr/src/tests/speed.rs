//! How many QRs a core verifies: `cargo test -p zerotrip-qr --release -- --ignored speed`.

use std::time::Instant;

use super::*;

/// What this thread has spent of a core (Linux, proc(5): `utime` and `stime`, in hundredths).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

#[test]
#[ignore = "measures"]
fn speed_of_one_core() {
    let world = World::new();
    let directory = world.directory(|_| ());
    let root = TrustRoot::Directory(&directory);
    let text = made(&world, &world.numbered()).to_string();
    let list = world.list(&world.seal, LIST, 0);
    let rate = |what: &str, count: u32, run: &dyn Fn()| {
        let (start, spent) = (Instant::now(), cpu_seconds());
        (0..count).for_each(|_| run());
        let each = (cpu_seconds() - spent) / f64::from(count);
        let wall = start.elapsed() / count;
        let rate = 1.0 / each;
        println!(
            "{what}: {rate:.0} a second of one core ({each:.6} s each; by the clock {wall:?})"
        );
    };
    rate("verify, without a list", 2000, &|| {
        verify(&text, root, Demand::at(at(300))).unwrap();
    });
    rate("verify, with a list of 2^17 places", 500, &|| {
        let demand = Demand { list: Some(list.as_bytes()), ..Demand::at(at(2100)) };
        verify(&text, root, demand).unwrap();
    });
    let token = world.numbered();
    rate("make", 200, &|| drop(made(&world, &token)));
    let image = png(&matrix(&made(&world, &token)).unwrap()).unwrap();
    rate("scan the PNG", 20, &|| drop(scan(&image).unwrap()));
}
