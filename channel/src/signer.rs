//! Signs what is waiting with one signature.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use zerotrip_proto::SignedMessage;
use zerotrip_proto::v1::Envelope;
use zerotrip_trust::dsse::{self, DsseError};
use zerotrip_trust::keys::SigningKey;
use zerotrip_trust::{batch, signed};

/// Most messages that wait to be signed together. One more is signed by itself at once.
const MOST_WAITING: usize = 4 * batch::MOST;
/// Bytes of the largest message that waits. A larger one is signed by itself at once: hashing it
/// takes longer than a signature.
const MOST_BYTES: usize = 64 << 10;

/// Signs messages of one type. Messages that are ready at the same time are signed together
/// ([`batch`]), up to [`batch::MOST`] with one signature. There is no timer: the first message
/// waits until everything else that is ready has run once, and takes along what came meanwhile. A
/// message that nothing came beside is signed alone, as ever.
pub struct BatchSigner<M> {
    inner: Arc<Inner>,
    message: PhantomData<fn(&M)>,
}

struct Inner {
    kind: &'static str,
    key: SigningKey,
    waiting: Mutex<Vec<Waiting>>,
}

struct Waiting {
    payload: Vec<u8>,
    signed: oneshot::Sender<Result<Envelope, DsseError>>,
}

impl<M: SignedMessage> BatchSigner<M> {
    /// Signs with this key.
    pub fn new(key: SigningKey) -> Self {
        let inner = Inner { kind: M::PAYLOAD_TYPE, key, waiting: Mutex::default() };
        Self { inner: Arc::new(inner), message: PhantomData }
    }

    /// Encodes and signs a message. A caller that no longer waits costs the others nothing.
    ///
    /// # Errors
    ///
    /// As [`dsse::sign`]; a message that is too large is refused by itself.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub async fn seal(&self, message: &M) -> Result<Envelope, DsseError> {
        let payload = message.encode_to_vec();
        dsse::check_size(&payload)?;
        if payload.len() > MOST_BYTES {
            return dsse::sign(M::PAYLOAD_TYPE, payload, &self.inner.key);
        }
        let (sender, receiver) = oneshot::channel();
        let first = {
            let mut waiting = self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= MOST_WAITING {
                drop(waiting);
                return dsse::sign(M::PAYLOAD_TYPE, payload, &self.inner.key);
            }
            waiting.push(Waiting { payload, signed: sender });
            waiting.len() == 1
        };
        if first {
            // A separate task: the others' signatures must not hang on this caller's patience.
            let inner = Arc::clone(&self.inner);
            tokio::spawn(async move {
                tokio::task::yield_now().await;
                inner.sign_waiting();
            });
        }
        match receiver.await {
            Ok(signed) => signed,
            // The runtime is ending, and with it the task.
            Err(_) => signed::seal(message, &self.inner.key),
        }
    }
}

impl Inner {
    fn sign_waiting(&self) {
        let mut waiting =
            std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(batch::MOST));
            self.sign(std::mem::replace(&mut waiting, rest));
        }
    }

    fn sign(&self, together: Vec<Waiting>) {
        let (payloads, senders): (Vec<_>, Vec<_>) =
            together.into_iter().map(|one| (one.payload, one.signed)).unzip();
        // A caller that gave up gets no reply.
        match batch::sign(self.kind, payloads, &self.key) {
            Ok(envelopes) => {
                for (sender, envelope) in senders.into_iter().zip(envelopes) {
                    let _gave_up = sender.send(Ok(envelope));
                }
            }
            Err(error) => {
                for sender in senders {
                    let _gave_up = sender.send(Err(error.clone()));
                }
            }
        }
    }
}

impl<M> Clone for BatchSigner<M> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), message: PhantomData }
    }
}

impl<M> std::fmt::Debug for BatchSigner<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("BatchSigner").field(&self.inner.kind).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use zerotrip_proto::payload_type::REQUEST;
    use zerotrip_proto::v1::Request;
    use zerotrip_trust::keys::Algorithm;

    fn request(at: usize) -> Request {
        Request { id: at.to_string(), ..Request::default() }
    }

    async fn signed(signer: &BatchSigner<Request>, count: usize) -> Vec<Envelope> {
        let tasks: Vec<_> = (0..count)
            .map(|at| {
                let signer = signer.clone();
                tokio::spawn(async move { signer.seal(&request(at)).await.unwrap() })
            })
            .collect();
        let mut envelopes = Vec::new();
        for task in tasks {
            envelopes.push(task.await.unwrap());
        }
        envelopes
    }

    #[tokio::test]
    async fn what_is_ready_together_is_signed_together_and_each_gets_its_own() {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let signer = BatchSigner::new(key.clone());
        let alone = signed(&signer, 1).await.remove(0);
        assert_eq!(alone.batch, None);
        for count in [2, 50, batch::MOST + 7] {
            let envelopes = signed(&signer, count).await;
            for (at, envelope) in envelopes.iter().enumerate() {
                let opened: Request = dsse::open(envelope, REQUEST, key.public()).unwrap();
                assert_eq!(opened, request(at));
            }
            let mut signatures: Vec<_> =
                envelopes.iter().map(|one| one.signatures.first().unwrap().sig.clone()).collect();
            signatures.sort();
            signatures.dedup();
            assert_eq!(signatures.len(), count.div_ceil(batch::MOST), "{count}");
        }
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_and_one_that_is_refused_hold_up_nobody() {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let signer = BatchSigner::new(key.clone());
        let first = tokio::spawn({
            let signer = signer.clone();
            async move { signer.seal(&request(0)).await }
        });
        let large = Request { case_number: "x".repeat(5 << 20), ..Request::default() };
        let second = signed(&signer, 1);
        first.abort();
        assert!(matches!(signer.seal(&large).await, Err(DsseError::TooLarge(_))));
        let envelope = second.await.remove(0);
        dsse::open::<Request>(&envelope, REQUEST, key.public()).unwrap();
    }
}
