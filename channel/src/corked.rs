//! One write for what is said in one breath. A call's headers, its message and its end are three
//! frames that become ready one after another within microseconds; written as they come, they are
//! three TLS records, three segments, and up to three wake-ups at the peer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes held back at most: a TLS record's worth (RFC 8446, 5.1). What would go beyond is written
/// at once.
const MOST_HELD: usize = 16 << 10;

/// A socket that answers the first flush of what it holds by letting whatever else is ready run
/// first, once.
#[derive(Debug)]
pub(crate) struct Corked<I> {
    io: I,
    held: Vec<u8>,
    /// Of these, written already.
    written: usize,
    /// Whether the others have had their turn.
    waited: bool,
}

impl<I: AsyncWrite + Unpin> Corked<I> {
    pub(crate) fn new(io: I) -> Self {
        Self { io, held: Vec::new(), written: 0, waited: false }
    }

    fn poll_let_go(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.held.get(self.written..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.io).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                more => self.written += more,
            }
        }
        self.held.clear();
        (self.written, self.waited) = (0, false);
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Corked<I> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes = slices.iter().map(|slice| slice.len()).sum::<usize>();
        if self.held.len() + bytes > MOST_HELD {
            ready!(self.poll_let_go(cx))?;
        }
        if bytes > MOST_HELD {
            return Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        }
        slices.iter().for_each(|slice| self.held.extend_from_slice(slice));
        Poll::Ready(Ok(bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.held.is_empty() && !self.waited {
            self.waited = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        ready!(self.poll_let_go(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_let_go(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Corked<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use std::task::Waker;
    use tokio::io::AsyncWriteExt as _;

    /// Takes a bounded number of bytes a write, at every other call, and keeps each write apart.
    #[derive(Default)]
    struct Writes {
        most: usize,
        stalls: bool,
        stalled: bool,
        writes: Vec<Vec<u8>>,
        shut: bool,
    }

    impl AsyncWrite for Writes {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.stalled = self.stalls && !self.stalled;
            if self.stalled {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let taken = bytes.iter().copied().take(self.most).collect::<Vec<u8>>();
            let count = taken.len();
            self.writes.push(taken);
            Poll::Ready(Ok(count))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.shut = true;
            Poll::Ready(Ok(()))
        }
    }

    fn corked(most: usize) -> Corked<Writes> {
        Corked::new(Writes { most, ..Writes::default() })
    }

    #[test]
    fn what_is_written_before_the_second_flush_goes_out_in_one_piece() {
        let mut cx = Context::from_waker(Waker::noop());
        let mut io = corked(usize::MAX);
        assert!(Pin::new(&mut io).poll_write(&mut cx, b"headers ").is_ready());
        assert!(Pin::new(&mut io).poll_flush(&mut cx).is_pending(), "the others get their turn");
        assert!(
            Pin::new(&mut io)
                .poll_write_vectored(&mut cx, &[IoSlice::new(b"message "), IoSlice::new(b"end")])
                .is_ready()
        );
        assert!(Pin::new(&mut io).poll_flush(&mut cx).is_ready(), "and only one");
        assert_eq!(io.io.writes, [b"headers message end"]);
    }

    #[tokio::test]
    async fn nothing_is_lost_or_turned_round_whatever_the_sizes() {
        let mut io = corked(1000);
        io.io.stalls = true;
        let mut all = Vec::new();
        for size in [1, MOST_HELD, 7, MOST_HELD + 1, 3 * MOST_HELD, 0, 5, MOST_HELD - 5, 6] {
            let bytes: Vec<u8> =
                (0..size).map(|at| u8::try_from((at + size) % 251).unwrap()).collect();
            io.write_all(&bytes).await.unwrap();
            assert!(io.held.len() <= MOST_HELD);
            all.extend(bytes);
        }
        io.flush().await.unwrap();
        assert_eq!(io.io.writes.concat(), all);
        io.write_all(b"last words").await.unwrap();
        io.shutdown().await.unwrap();
        assert!(io.io.shut && io.io.writes.concat().ends_with(b"last words"));
    }
}
