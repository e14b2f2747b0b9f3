//! Inputs made from real ones, the same for the same seed.

/// Longest input that is made, in bytes.
const MOST_BYTES: usize = 256 << 10;
/// Most changes to one input.
const MOST_CHANGES: usize = 6;
/// Numbers at which lengths, counts and places go wrong.
const NUMBERS: [u64; 14] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    u64::MAX,
];
/// Texts that mean something to one parser or another.
const WORDS: [&str; 24] = [
    "\n",
    "\n\n",
    "\r\n",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    "~",
    ".",
    ",",
    "=",
    "— ",
    "\u{feff}",
    "\u{fffd}",
    "&#x0;",
    "<c r=\"A1\">",
    "1e999",
    "-0",
    "null",
    "9999999999999999999",
];

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap()
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        // Mostly short, sometimes the rest.
        let most = if self.below(4) == 0 { length - start } else { (length - start).min(16) };
        start..start + self.below(most + 1)
    }
}

/// One of the inputs, changed in up to six places.
pub fn mutated(random: &mut Random, inputs: &[Vec<u8>]) -> Vec<u8> {
    let mut data = inputs[random.below(inputs.len())].clone();
    for _ in 0..=random.below(MOST_CHANGES) {
        change(random, &mut data, inputs);
    }
    data.truncate(MOST_BYTES);
    data
}

fn change(random: &mut Random, data: &mut Vec<u8>, inputs: &[Vec<u8>]) {
    let range = random.range(data.len());
    let at = random.below(data.len());
    match random.below(11) {
        0 if !data.is_empty() => data[at] ^= 1 << random.below(8),
        1 if !data.is_empty() => data[at] = u8::try_from(random.below(256)).unwrap(),
        2 => drop(data.drain(range)),
        3 => data.truncate(at),
        4 => {
            let copy = data[range].to_vec();
            data.splice(at..at, copy);
        }
        // Deep, or long.
        5 => {
            let copy = data[range].to_vec();
            let times = random.below(2000);
            if copy.len() * times <= MOST_BYTES {
                data.splice(at..at, copy.repeat(times));
            }
        }
        6 => {
            let word = WORDS[random.below(WORDS.len())];
            data.splice(range, word.bytes());
        }
        7 => {
            let (width, number) = (1 << random.below(4), NUMBERS[random.below(NUMBERS.len())]);
            let mut bytes = number.to_le_bytes()[..width].to_vec();
            if random.below(2) == 0 {
                bytes.reverse();
            }
            let end = (at + width).min(data.len());
            data.splice(at..end, bytes);
        }
        8 => {
            let other = &inputs[random.below(inputs.len())];
            let part = other[random.range(other.len())].to_vec();
            data.splice(range, part);
        }
        // A number that is written in digits.
        9 => {
            let digits: Vec<usize> =
                (0..data.len()).filter(|at| data[*at].is_ascii_digit()).collect();
            if !digits.is_empty() {
                let at = digits[random.below(digits.len())];
                data[at] = b"0123456789-+. "[random.below(14)];
            }
        }
        _ => {
            let bytes = (0..random.below(8)).map(|_| u8::try_from(random.below(256)).unwrap());
            let bytes: Vec<u8> = bytes.collect();
            data.splice(at..at, bytes);
        }
    }
}
