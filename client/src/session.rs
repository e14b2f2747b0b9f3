//! One connection to the hub, and the two things that a system does on it: asking, and issuing a
//! certificate on the answer.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tonic::{Response, Status};
use zerotrip_certificates::{
    CertificateContent, CertificateError, SealError, TrustRoot, VerifiedCertificate, seal, verify,
};
use zerotrip_channel::deadline::Deadline;
use zerotrip_channel::files::FileError;
use zerotrip_channel::{
    ClientError, DialError, HomeError, Http2Bounds, Http2Client, Peer, SystemHome, dial,
};
use zerotrip_checks::definition::{Definition, DefinitionError};
use zerotrip_proto::v1::authority_client::AuthorityClient;
use zerotrip_proto::v1::catalog_client::CatalogClient;
use zerotrip_proto::v1::exchange_client::ExchangeClient;
use zerotrip_proto::v1::ledger_client::LedgerClient;
use zerotrip_proto::v1::{
    Answer, CheckEntry, Envelope, ErrorCode, ExchangeCall, ExchangeReply, GetDirectoryRequest,
    IssueBody, KeyDirectory, ListChecksRequest,
};
use zerotrip_proto::{Refusal, bounds, to_timestamp};
use zerotrip_trust::directory::{Directory, DirectoryError};
use zerotrip_trust::signed::{self, Signed};
use zerotrip_trust::tls::TlsError;

use crate::reply::{Announced, NotAllowed, Outcome, ReplyError, verify_check, verify_recorded};
use crate::request::{Errand, Question, RequestError, SignedRequest, sign_check, sign_issue};
use crate::seen::{Seen, SeenError};
use zerotrip_channel::new_file::{NewFile, NotPlaced};

/// Longest wait for one call: a check's own deadline is at most 60 s.
const CALL_TIME: Duration = Duration::from_secs(70);

/// A connection as a system, before anything that the hub says is believed.
#[derive(Clone, Debug)]
pub struct Connection {
    home: SystemHome,
    client: Http2Client,
    /// Who was proven to answer, and by which certificate.
    hub: Option<Peer>,
}

/// A connection with a fresh key directory: enough to verify what comes back.
#[derive(Clone, Debug)]
pub struct Session {
    connection: Connection,
    directory: Directory,
    seen: Seen,
}

/// What came of issuing.
#[derive(Debug)]
pub enum Issue {
    /// Sealed, recorded and written.
    Issued(Box<IssuedCertificate>),
    /// The check or the record came to something else; nothing was written.
    NotIssued(Outcome),
}

/// A certificate that is in the ledger and in its file.
#[derive(Debug)]
pub struct IssuedCertificate {
    /// The file.
    pub file: PathBuf,
    /// What it says, read back from the sealed token.
    pub certificate: VerifiedCertificate,
    /// Where in the ledger the record of issuing stands.
    pub record_index: u64,
}

/// Why asking or issuing failed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The system's folder.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The hub cannot be reached, or is somebody else.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection broke.
    #[error(transparent)]
    Connection(#[from] ClientError),
    /// The hub's certificate counts no more.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The hub refused without a signed answer.
    #[error("the hub refuses: {0}")]
    Refused(#[from] Refusal),
    /// The hub went silent.
    #[error("the hub did not answer within {} s; ask again", CALL_TIME.as_secs())]
    Silent,
    /// No directory, or not a good one.
    #[error("key directory: {0}")]
    Directory(#[from] DirectoryError),
    /// The hub sent none.
    #[error(
        "the hub has no key directory yet; the authority publishes one with `zerotrip authority \
         refresh`"
    )]
    NoDirectory,
    /// The request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The reply counts for nothing.
    #[error("the hub's reply does not verify: {0}; do not act on it, and tell the authority")]
    Reply(#[from] ReplyError),
    /// The answer is of a hub that was set back.
    #[error("verification failed: {0}")]
    Seen(#[from] SeenError),
    /// The catalog names no such check.
    #[error(
        "the hub's catalog has no check `{check}` with variant `{variant}`; `zerotrip catalog \
         list` shows what there is"
    )]
    UnknownCheck {
        /// As asked.
        check: String,
        /// As asked.
        variant: String,
    },
    /// A definition that does not read.
    #[error("the check's definition: {0}")]
    Definition(#[from] DefinitionError),
    /// Sealing.
    #[error("the certificate cannot be sealed: {0}")]
    Seal(#[from] SealError),
    /// The sealed token does not verify.
    #[error(
        "the sealed certificate would not verify: {0}; is `seal.key` the key that the authority \
         admitted?"
    )]
    Certificate(#[from] CertificateError),
    /// The certificate's file; nothing has been recorded.
    #[error("no certificate can be written there: {0}")]
    File(#[from] FileError),
    /// Recorded, but the file could not take its name.
    #[error("the certificate of exchange `{exchange}` is recorded and lies in `{}`: it could not be given its name: {error}; move it yourself", part.display())]
    NotPlaced {
        /// The exchange.
        exchange: String,
        /// The file that holds the certificate.
        part: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The hub was told of the certificate, and what came back does not say whether it is recorded.
    #[error(
        "whether the certificate of exchange `{exchange}` was recorded is not known ({why}); it is kept in `{}`: use it only once an auditor \
         finds its record in the ledger, else delete it and issue again", part.display()
    )]
    Unconfirmed {
        /// The exchange.
        exchange: String,
        /// The file that holds the certificate.
        part: PathBuf,
        /// What happened.
        why: Box<SessionError>,
    },
}

impl Connection {
    /// Dials the hub as this system.
    pub async fn open(home: &SystemHome) -> Result<Self, SessionError> {
        Self::open_as(home, false).await
    }

    /// The same where the hub's own certificate may have ended: for the authority, to renew it.
    pub async fn open_to_ended_hub(home: &SystemHome) -> Result<Self, SessionError> {
        Self::open_as(home, true).await
    }

    async fn open_as(home: &SystemHome, hub_may_have_ended: bool) -> Result<Self, SessionError> {
        home.certificate_holds(SystemTime::now())?;
        let tls = if hub_may_have_ended {
            home.tls_to_ended_hub(bounds::ALPN_H2)?
        } else {
            home.tls(bounds::ALPN_H2)?
        };
        let stream = dial(&home.address, tls).await?;
        // The handshake has verified whose it is.
        let hub = Peer::shown(stream.get_ref().1.peer_certificates())?;
        let (client, ended) = Http2Client::handshake(stream, Http2Bounds::CLIENT).await?;
        tokio::spawn(ended);
        Ok(Self { home: home.clone(), client, hub })
    }

    /// The system's folder.
    pub fn home(&self) -> &SystemHome {
        &self.home
    }

    /// Members, directory and grants.
    pub fn authority(&self) -> AuthorityClient<Http2Client> {
        AuthorityClient::new(self.client.clone()).max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    /// What can be asked.
    pub fn catalog(&self) -> CatalogClient<Http2Client> {
        CatalogClient::new(self.client.clone()).max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    /// The tamper-evident log.
    pub fn ledger(&self) -> LedgerClient<Http2Client> {
        LedgerClient::new(self.client.clone()).max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    /// Asking and issuing.
    pub fn exchange(&self) -> ExchangeClient<Http2Client> {
        ExchangeClient::new(self.client.clone()).max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    /// Fetches the newest key directory, which must not be older than the one kept here, and keeps
    /// it.
    pub async fn fetch_directory(&self) -> Result<Directory, SessionError> {
        let mut authority = self.authority();
        let reply = answered(authority.get_directory(GetDirectoryRequest {})).await?;
        let envelope = reply.directory.ok_or(SessionError::NoDirectory)?;
        let directory = self.home.accept_directory(&envelope, SystemTime::now()).map_err(
            |error| match error {
                HomeError::Directory(why) => SessionError::Directory(why),
                other => other.into(),
            },
        )?;
        if self.hub.as_ref().is_some_and(|hub| hub.is_superseded_hub(&directory)) {
            return Err(TlsError::Superseded(self.home.hub.uri()).into());
        }
        Ok(directory)
    }

    /// The key directory in force at the hub as it came: for the authority, which knows what it
    /// signed.
    pub async fn directory_envelope(&self) -> Result<Envelope, SessionError> {
        let reply = answered(self.authority().get_directory(GetDirectoryRequest {})).await?;
        reply.directory.ok_or(SessionError::NoDirectory)
    }

    /// The key directory in force at the hub, as the authority signed it, however old: kept
    /// nowhere, and not to rely upon.
    pub async fn key_directory(&self) -> Result<KeyDirectory, SessionError> {
        let envelope = self.directory_envelope().await?;
        Ok(signed::open::<KeyDirectory>(&envelope, &self.home.authority)
            .map_err(DirectoryError::from)?)
    }

    /// Every check in the catalog.
    pub async fn checks(&self) -> Result<Vec<CheckEntry>, SessionError> {
        let mut catalog = self.catalog();
        Ok(answered(catalog.list_checks(ListChecksRequest {})).await?.checks)
    }
}

impl Session {
    /// Dials the hub as this system and fetches the newest key directory.
    pub async fn connect(home: &SystemHome) -> Result<Self, SessionError> {
        let connection = Connection::open(home).await?;
        let directory = connection.fetch_directory().await?;
        Ok(Self { connection, directory, seen: Seen::load(home)? })
    }

    /// The connection underneath.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The key directory that replies are verified with.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Asks, and verifies what comes back.
    pub async fn check(
        &mut self,
        errand: &Errand,
        question: &Question,
    ) -> Result<Outcome, SessionError> {
        Ok(self.ask(errand, question).await?.1)
    }

    /// Asks; on a true answer seals a certificate with this system's `seal.key`, has the hub record
    /// it, and only then gives the file its name. `file` must not exist and its folder must:
    /// that it can be written is proved before anything is asked, and the certificate is
    /// on disk in a `.part` file beside it before the hub hears of it.
    pub async fn issue(
        &mut self,
        errand: &Errand,
        question: &Question,
        file: &Path,
    ) -> Result<Issue, SessionError> {
        let seal_key = self.connection.home.key("seal")?;
        let mut new = NewFile::reserve(file)?;
        let entries = self.connection.checks().await?;
        let entry = entries
            .into_iter()
            .find(|entry| entry.name == question.check && entry.variant == question.variant);
        let unknown = || SessionError::UnknownCheck {
            check: question.check.clone(),
            variant: question.variant.clone(),
        };
        let definition =
            Definition::parse(&entry.ok_or_else(unknown)?.definition, &question.check)?;
        let (request, outcome) = self.ask(errand, question).await?;
        let affirmed = match outcome {
            Outcome::Affirmed(affirmed) => affirmed,
            other => return Ok(Issue::NotIssued(other)),
        };
        let content =
            match CertificateContent::try_new(&affirmed, &request.envelope.payload, &definition) {
                // The hub answers the question, and lets nothing be issued on the answer.
                Err(SealError::NotAllowed) => {
                    return Ok(Issue::NotIssued(Outcome::Denied(Box::new(
                        NotAllowed::of_issuing(affirmed.proven()),
                    ))));
                }
                content => content?,
            };
        let now = SystemTime::now();
        let sealed = seal(&content, &seal_key, now)?;
        // Read back as a stranger would, before the hub is told: what does not verify is never
        // announced. The hub's clock may be ahead.
        let certificate = verify(
            &sealed.token,
            TrustRoot::Directory(&self.directory),
            now.max(affirmed.proven().answered_at()),
        )?;
        // The citizen's data: for its owner's eyes.
        new.fill(sealed.token.as_bytes())?;
        let exchange = request.id;
        let body = IssueBody {
            exchange_id: exchange.clone(),
            certificate_digest: sealed.digest.to_vec(),
            valid_until: Some(to_timestamp(sealed.valid_until)),
        };
        let home = &self.connection.home;
        let announcement = sign_issue((&home.system, &home.sign), &home.hub, errand, body, now)?;
        match self.announce(&announcement, &sealed.digest).await {
            Ok(Announced::Not(outcome)) => Ok(Issue::NotIssued(outcome)),
            Ok(Announced::Recorded(proven)) => {
                let record_index = proven.index();
                new.place().map_err(|NotPlaced { part, error }| SessionError::NotPlaced {
                    exchange,
                    part,
                    error,
                })?;
                Ok(Issue::Issued(Box::new(IssuedCertificate {
                    file: file.to_owned(),
                    certificate,
                    record_index,
                })))
            }
            Err(Unheard::Refused(refusal)) => Err(refusal.into()),
            Err(Unheard::Unknown(why)) => {
                Err(SessionError::Unconfirmed { exchange, part: new.leave(), why })
            }
        }
    }

    /// Tells the hub of a sealed certificate. Everything but its own refusal or a proven reply
    /// leaves open what it did.
    async fn announce(
        &mut self,
        announcement: &SignedRequest,
        digest: &[u8; 32],
    ) -> Result<Announced, Unheard> {
        let mut exchange = self.connection.exchange();
        let (seen_size, known) = (self.seen.size(), self.directory.version());
        let call = exchange
            .issue(ExchangeCall { request: Some(announcement.envelope.clone()), seen_size });
        let reply = match Deadline::after(CALL_TIME).within(call).await {
            Ok(Ok(reply)) => reply.into_inner(),
            // With details it is the hub's own word; without, the connection's.
            Ok(Err(status)) if !status.details().is_empty() => {
                return Err(Unheard::Refused(Refusal::from_status(&status)));
            }
            Ok(Err(status)) => return Err(SessionError::from(Refusal::from_status(&status)).into()),
            Err(_elapsed) => return Err(SessionError::Silent.into()),
        };
        self.follow_directory(&reply).await?;
        let hub = &self.connection.home.hub;
        let announced =
            verify_recorded(reply, announcement, digest, hub, &self.directory, SystemTime::now());
        let announced = announced.map_err(|error| Unheard::from(SessionError::from(error)))?;
        self.seen
            .follow(announced.proven(), known)
            .map_err(|error| Unheard::from(SessionError::from(error)))?;
        Ok(announced)
    }

    async fn ask(
        &mut self,
        errand: &Errand,
        question: &Question,
    ) -> Result<(SignedRequest, Outcome), SessionError> {
        let home = &self.connection.home;
        let request =
            sign_check((&home.system, &home.sign), &home.hub, errand, question, SystemTime::now())?;
        let mut exchange = self.connection.exchange();
        let (seen_size, known) = (self.seen.size(), self.directory.version());
        let reply = answered(
            exchange.check(ExchangeCall { request: Some(request.envelope.clone()), seen_size }),
        )
        .await?;
        self.follow_directory(&reply).await?;
        let outcome = verify_check(
            reply,
            &request,
            &self.connection.home.hub,
            &self.directory,
            SystemTime::now(),
        )?;
        self.seen.follow(outcome.proven(), known)?;
        Ok((request, outcome))
    }

    /// A hub may have taken a new key since this session began: where the reply's key is unknown
    /// here, or the directory has run out, the newest directory is fetched once.
    async fn follow_directory(&mut self, reply: &ExchangeReply) -> Result<(), SessionError> {
        let now = SystemTime::now();
        let key = reply
            .answer
            .as_ref()
            .and_then(|envelope| Signed::<Answer>::new(envelope).ok())
            .map(|signed| signed.keyid());
        let known = key.is_some_and(|keyid| {
            self.directory.hub_key(keyid, zerotrip_proto::v1::KeyUsage::Sign, now).is_ok()
        });
        if !known {
            self.directory = self.connection.fetch_directory().await?;
        }
        Ok(())
    }
}

/// Why an announcement has no proven reply.
enum Unheard {
    /// The hub refused: nothing is recorded.
    Refused(Refusal),
    /// It may be recorded, or not.
    Unknown(Box<SessionError>),
}

impl From<SessionError> for Unheard {
    fn from(error: SessionError) -> Self {
        Self::Unknown(Box::new(error))
    }
}

/// One call, with its time bounded and its refusal named.
pub async fn answered<T>(
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, SessionError> {
    match Deadline::after(CALL_TIME).within(call).await {
        Ok(Ok(reply)) => Ok(reply.into_inner()),
        Ok(Err(status)) => Err(Refusal::from_status(&status).into()),
        Err(_elapsed) => Err(SessionError::Silent),
    }
}

impl SessionError {
    /// The hub's code, where it refused.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(refusal) => Some(refusal.code),
            _ => None,
        }
    }
}
