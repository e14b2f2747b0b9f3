//! How many QRs a core verifies: `cargo test -p zerotrip-qr --release -- --ignored speed`.

use std::time::Instant;

use super::*;

#[test]
#[ignore = "measures"]
fn speed_of_one_core() {
    let world = World::new();
    let directory = world.directory(|_| ());
    let root = TrustRoot::Directory(&directory);
    let text = made(&world, &world.numbered()).to_string();
    let list = world.list(&world.seal, LIST, 0);
    let rate = |what: &str, count: u32, run: &dyn Fn()| {
        let start = Instant::now();
        (0..count).for_each(|_| run());
        let each = start.elapsed() / count;
        println!("{what}: {:.0} a second ({each:?} each)", 1.0 / each.as_secs_f64());
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
