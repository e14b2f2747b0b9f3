//! A bucket of an S3 store as a place for segments' files.

use std::error::Error as _;
use std::fs::File;
use std::future::Future;
use std::io::{Read, Seek as _, SeekFrom};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::multipart::{MultipartStore as _, PartId};
use object_store::path::Path;
use object_store::{
    BackoffConfig, Error, GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _, PutPayload,
    RetryConfig,
};
use tokio::runtime::{Handle, RuntimeFlavor};
use zerotrip_ledger::{Piece, Place, PlaceError};

use super::at::{At, Keys};
use super::gate::Gate;
use super::transport::Transport;

/// Bytes of one request's content: at least 5 MiB, or S3 takes it for the last part only.
const PART: u64 = 8 << 20;
/// Time of one call, with all its tries.
const DEADLINE: Duration = Duration::from_secs(75);
/// The same of a read, for which a person may wait.
const READ: Duration = Duration::from_secs(20);
/// Letters of what the store says.
const SAID: usize = 200;

/// A bucket, below a prefix.
pub(super) struct Bucket {
    url: String,
    prefix: String,
    store: AmazonS3,
    keys: Keys,
    runtime: Handle,
    gate: Arc<Gate>,
}

impl Bucket {
    pub(super) fn new(at: &At, keys: Keys, transport: Transport) -> Result<Self, String> {
        let runtime = Handle::try_current().map_err(|error| error.to_string())?;
        let backoff = BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        };
        let retry = RetryConfig { backoff, max_retries: 2, retry_timeout: Duration::from_secs(10) };
        let store = AmazonS3Builder::new()
            .with_bucket_name(&at.bucket)
            .with_region(&at.region)
            .with_endpoint(&at.endpoint)
            .with_virtual_hosted_style_request(false)
            .with_allow_http(true)
            .with_access_key_id(&keys.access_key_id)
            .with_secret_access_key(&keys.secret_access_key)
            .with_retry(retry)
            .with_http_connector(transport)
            .build();
        let store = store.map_err(|error| format!("`[segments]`: {error}"))?;
        let (url, prefix) = (at.url.clone(), at.prefix.clone());
        let gate = Arc::new(Gate::new(&url));
        Ok(Self { url, prefix, store, keys, runtime, gate })
    }

    fn path(&self, name: &str) -> Result<Path, PlaceError> {
        let whole = if self.prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.prefix)
        };
        Path::parse(&whole).map_err(|error| PlaceError::Unavailable(error.to_string()))
    }

    /// Waits for a call, on whatever thread; what is wrong is sorted into what is not there, and
    /// what is not known.
    fn wait<T: Send + 'static>(
        &self,
        deadline: Duration,
        call: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, PlaceError> {
        let _room = self.gate.enter()?;
        let (reply, done) = sync_channel(1);
        let gate = Arc::clone(&self.gate);
        self.runtime.spawn(async move {
            let in_turn = async {
                let _turn = gate.turn().await;
                call.await
            };
            // Who waits has given up, where it is gone.
            let _gone = reply.send(tokio::time::timeout(deadline, in_turn).await);
        });
        let receive = || done.recv_timeout(deadline + Duration::from_secs(5));
        // Others of this thread's tasks go on elsewhere.
        let received = match Handle::try_current().map(|handle| handle.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(receive),
            _ => receive(),
        };
        let failed = match received {
            Ok(Ok(Ok(found))) => {
                self.gate.note(None);
                return Ok(found);
            }
            Ok(Ok(Err(error))) => match self.sorted(&error) {
                Sorted::Missing => {
                    self.gate.note(None);
                    return Err(PlaceError::Missing);
                }
                Sorted::Refused(why) => return Err(PlaceError::Unavailable(why)),
                Sorted::Down(why) => why,
            },
            Ok(Err(_)) => format!("it does not answer within {} s", deadline.as_secs()),
            Err(_) => "the hub is stopping".to_owned(),
        };
        self.gate.note(Some(&failed));
        Err(PlaceError::Unavailable(failed))
    }

    /// A store that says of a name that it has none says which: any other 404 could be anybody's.
    fn sorted(&self, error: &Error) -> Sorted {
        let said = error.to_string();
        let code = |code: &str| said.contains(&format!("<Code>{code}</Code>"));
        match error {
            Error::NotFound { .. } if code("NoSuchKey") || code("NoSuchUpload") => Sorted::Missing,
            Error::NotFound { .. } if code("NoSuchBucket") => {
                Sorted::Down("it has no such bucket; correct `to`".to_owned())
            }
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Sorted::Refused(
                "it refuses the access key; correct `keys`, or the bucket's policy".to_owned(),
            ),
            error => Sorted::Down(self.without_keys(error)),
        }
    }

    /// What the store says ends before its own words: they can repeat the key, or what was signed
    /// with it.
    fn without_keys(&self, error: &Error) -> String {
        let mut said = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            let inner_said = inner.to_string();
            if !said.contains(&inner_said) {
                said = format!("{said}: {inner_said}");
            }
            source = inner.source();
        }
        let own = said.split('<').next().unwrap_or_default();
        let own =
            own.replace(&self.keys.secret_access_key, "…").replace(&self.keys.access_key_id, "…");
        let short: String = own.trim_end_matches([' ', ':']).chars().take(SAID).collect();
        zerotrip_text::shown(&short)
    }
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bucket").field("url", &self.url).finish_non_exhaustive()
    }
}

enum Sorted {
    Missing,
    /// It answers, and does not let us.
    Refused(String),
    Down(String),
}

impl Place for Bucket {
    fn url(&self) -> &str {
        &self.url
    }

    fn begin(&self, name: &str) -> Result<String, PlaceError> {
        let (store, path) = (self.store.clone(), self.path(name)?);
        self.wait(DEADLINE, async move { store.create_multipart(&path).await })
    }

    fn put(&self, name: &str, upload: &str, mut file: File, bytes: u64) -> Result<(), PlaceError> {
        let path = self.path(name)?;
        let here = |error: std::io::Error| PlaceError::Unavailable(error.to_string());
        file.seek(SeekFrom::Start(0)).map_err(here)?;
        let (mut parts, mut left): (Vec<PartId>, u64) = (Vec::new(), bytes);
        while left > 0 {
            let size = left.min(PART);
            let mut part = Vec::new();
            Read::by_ref(&mut file).take(size).read_to_end(&mut part).map_err(here)?;
            if part.len() as u64 != size {
                return Err(PlaceError::Unavailable("the file is cut here".to_owned()));
            }
            let (store, path, upload) = (self.store.clone(), path.clone(), upload.to_owned());
            let number = parts.len();
            parts.push(self.wait(DEADLINE, async move {
                store.put_part(&path, &upload, number, PutPayload::from(part)).await
            })?);
            left = left.saturating_sub(size);
        }
        let (store, upload) = (self.store.clone(), upload.to_owned());
        self.wait(DEADLINE, async move {
            store.complete_multipart(&path, &upload, parts).await.map(drop)
        })
    }

    fn abandon(&self, name: &str, upload: &str) -> Result<(), PlaceError> {
        let (store, path, upload) = (self.store.clone(), self.path(name)?, upload.to_owned());
        let gone = self.wait(DEADLINE, async move { store.abort_multipart(&path, &upload).await });
        if gone == Err(PlaceError::Missing) { Ok(()) } else { gone }
    }

    fn read(&self, name: &str, at: u64, bytes: u64) -> Result<Piece, PlaceError> {
        let mut whole = Piece { bytes: Vec::new(), length: 0 };
        loop {
            let have = whole.bytes.len() as u64;
            let from = at.saturating_add(have);
            let size = bytes.saturating_sub(have).min(PART);
            if size == 0 && have > 0 {
                return Ok(whole);
            }
            let (store, path) = (self.store.clone(), self.path(name)?);
            // Nothing is asked for by asking for a byte; its answer has the length.
            let range = from..from.saturating_add(size.max(1));
            let piece = self.wait(READ, async move { part_of(&store, &path, range).await })?;
            whole.length = piece.length;
            let short = (piece.bytes.len() as u64) < size;
            whole.bytes.extend(piece.bytes.iter().take(usize::try_from(size).unwrap_or(0)));
            if short || size == 0 {
                return Ok(whole);
            }
        }
    }

    fn remove(&self, name: &str) -> Result<(), PlaceError> {
        let (store, path) = (self.store.clone(), self.path(name)?);
        let gone = self.wait(DEADLINE, async move { store.delete(&path).await });
        if gone == Err(PlaceError::Missing) { Ok(()) } else { gone }
    }

    fn list(&self, under: &str, most: usize) -> Result<Vec<String>, PlaceError> {
        let (store, path) = (self.store.clone(), self.path(under)?);
        let found = self.wait(DEADLINE, async move {
            store.list(Some(&path)).take(most).try_collect::<Vec<_>>().await
        })?;
        let names = found.into_iter().map(|object| object.location.to_string());
        Ok(names
            .map(|name| match name.strip_prefix(&format!("{}/", self.prefix)) {
                Some(below) if !self.prefix.is_empty() => below.to_owned(),
                _ => name,
            })
            .collect())
    }
}

/// A part of an object, and the object's length: of an answer that is larger than what was asked
/// for, no more.
async fn part_of(
    store: &AmazonS3,
    path: &Path,
    range: std::ops::Range<u64>,
) -> Result<Piece, Error> {
    let most = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
    let found = match store.get_opts(path, options).await {
        // It ends before.
        Err(error) if error.to_string().contains("<Code>InvalidRange</Code>") => {
            let length = store.head(path).await?.size;
            return Ok(Piece { bytes: Vec::new(), length });
        }
        found => found?,
    };
    let length = found.meta.size;
    let (mut bytes, mut stream) = (Vec::new(), found.into_stream());
    while let Some(chunk) = stream.try_next().await? {
        bytes.extend(chunk.iter().take(most.saturating_sub(bytes.len())));
        if bytes.len() >= most {
            break;
        }
    }
    Ok(Piece { bytes, length })
}
