//! UTF-16 to UTF-8 while it is read. Unpaired surrogates become U+FFFD, which the
//! semantic types take for unreadable.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, UTF_16LE};

/// A reader of UTF-16 text that gives UTF-8.
pub struct Utf16Reader<R> {
    inner: R,
    decoder: Decoder,
    /// What is decoded and not yet given.
    ready: Vec<u8>,
    given: usize,
    is_done: bool,
}

impl<R: BufRead> Utf16Reader<R> {
    /// In the order that the text's mark says.
    pub fn new(inner: R) -> Self {
        Self { inner, decoder: UTF_16LE.new_decoder(), ready: Vec::new(), given: 0, is_done: false }
    }
}

impl<R: BufRead> Read for Utf16Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() && !self.is_done {
            let bytes = self.inner.fill_buf()?;
            let (count, is_last) = (bytes.len(), bytes.is_empty());
            let room = self
                .decoder
                .max_utf8_buffer_length(count)
                .ok_or_else(|| io::Error::other("too much text at once"))?;
            self.ready.resize(room, 0);
            let (_, read, written, _) =
                self.decoder.decode_to_utf8(bytes, &mut self.ready, is_last);
            self.ready.truncate(written);
            (self.given, self.is_done) = (0, is_last);
            self.inner.consume(read.min(count));
        }
        let left = self.ready.get(self.given..).unwrap_or_default();
        let count = left.len().min(into.len());
        for (place, byte) in into.iter_mut().zip(left) {
            *place = *byte;
        }
        self.given += count;
        Ok(count)
    }
}
