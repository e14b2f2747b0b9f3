//! The `zerotrip` command line: one file for each group of commands, and `render` for what people
//! see.

mod ask;
mod assertion;
mod authority;
mod catalog;
mod definition;
mod directory;
mod door;
mod folders;
mod grants;
mod identity;
mod issued;
mod join;
mod ledger;
mod many;
mod member;
mod offer;
mod parked;
mod present;
mod print;
mod qr;
mod quality;
mod render;
mod renewals;
mod request;
mod seal;
mod seal_certificate;
mod sm2_files;
mod unavailable;
mod verify;
mod verify_qr;
mod written;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use zerotrip_client::issued::{Beside, Order};
use zerotrip_client::{RequestId, Wanted};
use zerotrip_trust::tls::install_provider;

use folders::SystemDir;
use render::{Failure, Language, Screen};

/// The data runs, so that people need not: ask checks of the exchange hub, issue and verify
/// certificates, run the data authority, audit the ledger.
///
/// A system joins once (`join`), then asks (`check`) or asks and seals a certificate on a true
/// answer (`issue`). Anyone can verify a certificate, offline (`verify`). The data authority keeps
/// its keys in one folder (`authority`, `member`, `grant`). An auditor recomputes the whole ledger
/// (`ledger verify`).
///
/// Before a result is shown, three things are verified: the hub's signature, the ledger entry that
/// commits to the answer, and the signed tree head over that entry.
#[derive(Parser)]
#[command(
    name = "zerotrip",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 affirmative or done; 1 answered, but not so; 2 usage, \
                  configuration or connection; 3 denied; 4 unavailable (never to be read as a \
                  no); 5 verification failed. `verify` has more: see its help."
)]
struct Cli {
    /// Print results as JSON, one object a line.
    #[arg(long, global = true)]
    json: bool,
    /// Language of the screens; without it, LC_ALL, LC_MESSAGES or LANG decide.
    #[arg(long, global = true, value_enum)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Ask a check about one person, or about each person of a list (`--subjects`).
    ///
    /// Exit code 0 says yes, 1 no, 3 denied, 4 unavailable. Of a list, 0 says that every answer is
    /// a yes, 1 that all are answered and some are no, 4 that some could not be answered.
    Check(ask::Checking),
    /// Ask a check and, only on a true answer, seal a certificate, have it recorded, and write it.
    Issue {
        #[command(flatten)]
        asking: ask::Asking,
        /// The certificate's file, such as `proof.sdjwt`; must not exist yet, its folder must. With
        /// --batch, the folder of all of them.
        #[arg(long)]
        out: PathBuf,
        /// Ask about all persons of a list, one resident id a line, and issue on each yes. The
        /// folder `--out` gets the certificates, the answers, and `result.csv`, which says what
        /// came of each person. After a run that was stopped, run it again over the same folder:
        /// whoever has a certificate gets no second one. Needs `status.toml`, and a grant and
        /// approvals for requests about many.
        #[arg(long, value_name = "FILE")]
        #[arg(conflicts_with_all = ["from", "request_id", "holder_key", "identity"])]
        batch: Option<PathBuf>,
        /// Issue on the answer that `check --subjects … --out FILE` brought about this person
        /// within the last hour, instead of asking again: FILE, with the folder `FILE.evidence`
        /// beside it. The question and the errand must be those that were asked.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Ask under this id (a UUIDv7, in lower case). Issuing under it again writes the same
        /// certificate again, and asks nobody: for a program that does not know whether an earlier
        /// run came to its end. Needs `status.toml`.
        #[arg(long, value_name = "ID", conflicts_with = "from", value_parser = request_id)]
        request_id: Option<RequestId>,
        /// A file with the ID token that the identity provider signed, with the nonce of `identity
        /// challenge`, for a check that asks that the person was identified.
        #[arg(long, value_name = "FILE", requires = "request_id")]
        identity: Option<PathBuf>,
        /// Bind the certificate to its holder's key, in the profile of wallets (`haip-1.0`): a file
        /// with the public key as a JSON Web Key. Needs `status.toml` and `seal.pem`.
        #[arg(long, value_name = "JWK", conflicts_with = "from")]
        holder_key: Option<PathBuf>,
        /// Also where a certificate for this very errand is in force: this one is to take its
        /// place. Then say so: `revoke NUMBER --superseded-by NUMBER`. Without it, a system with a
        /// `status.toml` issues one certificate for each errand (check, variant, parameters,
        /// purpose and case).
        #[arg(long, conflicts_with_all = ["batch", "from"])]
        another: bool,
    },
    /// Ask a check and, only on a true answer, offer a certificate to the holder's wallet: it is
    /// sealed and recorded when the wallet comes to the door (`door`) and brings its key.
    ///
    /// Prints the offer's link, and apart from it the transaction code. Needs `door.toml`,
    /// `status.toml` and `seal.pem`. Exit codes are those of `issue`.
    Offer(offer::OfferArgs),
    /// Open the HTTP door of this system: certificates into wallets, presentations out of them,
    /// and a page where anybody can have a certificate verified.
    Door(door::DoorArgs),
    /// Ask a wallet for a certificate, and read what it showed.
    #[command(subcommand)]
    Request(request::RequestCommand),
    /// Verify a certificate offline, against the authority's directory or its published key set.
    ///
    /// A PDF or an OFD that `print` made is verified too, with the certificate inside it: it needs
    /// the root certificate (`--dir` or `--ca`), and an OFD also `--sm2-root` and `--seal-maker`.
    ///
    /// Exit code 0: valid. 5: it is forged, or no certificate. Of a genuine one, 10: revoked, 11:
    /// suspended, 12: superseded, 13: expired, 14: not valid yet, 15: unknown status, 16: wrong
    /// purpose, 17: wrong profile, 18: not shown to be its holder. 2: a file cannot be read, or it
    /// is not said whose keys to trust.
    Verify(verify::Verifying),
    /// Print a certificate that this system issued: a signed PDF with the certificate inside, or
    /// an OFD under an electronic seal.
    ///
    /// `verify` takes either as it takes the certificate. Needs `seal.pem`; `paper.toml` says with
    /// which fonts, which picture of a seal and which time-stamping authority, and for an OFD with
    /// which SM2 key and electronic seal.
    Print(print::Printing),
    /// Electronic seals (GB/T 38540), which OFDs are sealed with: make one, show one.
    #[command(subcommand)]
    Seal(seal::SealCommand),
    /// Make a presentation of a certificate: the same with some of what it can show left out.
    Present(present::Presenting),
    /// Make the QR of a certificate that this system issued, to be printed beside it.
    ///
    /// It is a second form of the same record, sealed with this system's key, that `verify` takes
    /// as a picture or as text. It says less than the certificate, and carries no evidence.
    Qr(qr::Making),
    /// The certificates that this system issued.
    #[command(subcommand)]
    Certificates(issued::CertificatesCommand),
    /// Revoke a certificate that this system issued, for ever, and publish that at once.
    Revoke {
        #[command(flatten)]
        ordering: issued::Ordering,
        /// The number of the certificate that takes its place: it is then said to be superseded.
        #[arg(long, value_name = "SERIAL")]
        superseded_by: Option<String>,
    },
    /// Suspend a certificate that this system issued until that is lifted; publish that at once.
    Suspend(issued::Ordering),
    /// Lift the suspension of a certificate, and publish that at once.
    Lift(issued::Ordering),
    /// The status lists that say what became of certificates.
    #[command(subcommand)]
    Status(issued::StatusCommand),
    /// Join the hub as the invited system, with keys to sign requests and to seal certificates.
    Join {
        /// Folder for keys and certificates; made if missing.
        #[arg(long)]
        dir: PathBuf,
        /// A file that holds the invitation, or `-` for standard input.
        #[arg(long)]
        invitation: PathBuf,
        /// Seconds to wait for the authority to admit this system.
        #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
        wait: u64,
    },
    /// Have this system's certificate renewed in place, before it ends or after; its keys stay.
    ///
    /// Files the request with the hub, and takes the renewed certificate once the authority has
    /// renewed it: with `authority refresh`, from 60 days before the end, or with `member
    /// renew`. Exit code 1: asked, and not renewed yet.
    Renew {
        #[command(flatten)]
        system: SystemDir,
        /// Seconds to wait for the authority to renew it.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
        wait: u64,
    },
    /// The data authority's folder: make it, enrol a hub, renew the key directory.
    #[command(subcommand)]
    Authority(authority::AuthorityCommand),
    /// Members: invite, admit, list, suspend, resume. Run by the authority.
    #[command(subcommand)]
    Member(member::MemberCommand),
    /// That the person asked about was identified: the nonce for it, and whom the authority trusts.
    #[command(subcommand)]
    Identity(identity::IdentityCommand),
    /// Grants: who may ask which check, for which purpose, under which law. Run by the authority.
    #[command(subcommand)]
    Grant(grants::GrantCommand),
    /// What can be asked.
    #[command(subcommand)]
    Catalog(catalog::CatalogCommand),
    /// Definitions of checks: write one, find its faults, run its cases, explain it, compare two.
    #[command(subcommand)]
    Definition(definition::DefinitionCommand),
    /// The signed key directory: who there is, and with which keys.
    #[command(subcommand)]
    Directory(directory::DirectoryCommand),
    /// The tamper-evident log.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Questions that wait for what time alone ends (`check --park`): list, go on, drop.
    #[command(subcommand)]
    Parked(parked::ParkedCommand),
    /// What ended without a conclusion, who can end that, and by which command. Run by the
    /// authority, and by departments about their own datasets.
    #[command(subcommand)]
    Unavailable(unavailable::UnavailableCommand),
}

fn request_id(text: &str) -> Result<RequestId, String> {
    RequestId::new(text).ok_or_else(|| "not a UUIDv7 in its usual lower-case form".to_owned())
}

/// Runs the command line.
pub fn main() -> ExitCode {
    install_provider();
    let cli = Cli::parse();
    let screen =
        Screen { json: cli.json, language: cli.lang.unwrap_or_else(Language::from_environment) };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return screen.fail(&Failure::usage(&error, "无法启动")),
    };
    match runtime.block_on(run(cli.command, &screen)) {
        Ok(code) => code,
        Err(failure) => screen.fail(&failure),
    }
}

async fn run(command: Command, screen: &Screen) -> Result<ExitCode, Failure> {
    match command {
        Command::Check(asking) => ask::check(asking, screen).await,
        Command::Issue { asking, out, batch: Some(list), .. } => {
            ask::issue_batch(asking, (&list, &out), screen).await
        }
        Command::Issue {
            asking,
            out,
            from,
            request_id,
            identity,
            holder_key,
            another,
            batch: None,
        } => {
            let holder = holder_key.as_deref().map(ask::holder_key).transpose()?;
            let assertion = assertion::assertion(request_id.as_ref(), identity.as_deref())?;
            let wanted = Wanted {
                id: request_id.as_ref(),
                identity: assertion.as_ref(),
                holder: holder.as_ref(),
                beside: if another { Beside::Another } else { Beside::None },
            };
            let on = from.as_deref().map_or(ask::Basis::Asked(wanted), ask::Basis::Kept);
            ask::issue(asking, &out, on, screen).await
        }
        Command::Offer(offered) => offer::offer(offered, screen).await,
        Command::Door(arguments) => door::door(arguments, screen).await,
        Command::Request(command) => request::request(command, screen).await,
        Command::Verify(verifying) => verify::verify(&verifying, screen),
        Command::Print(printing) => print::print(&printing, screen).await,
        Command::Seal(command) => seal::seal(command, screen),
        Command::Present(presenting) => present::present(&presenting, screen),
        Command::Qr(making) => qr::qr(&making, screen),
        Command::Certificates(command) => issued::certificates(command, screen).await,
        Command::Revoke { ordering, superseded_by } => {
            let order =
                superseded_by.map_or(Order::Revoke, |serial| Order::Supersede(Some(serial)));
            issued::order(&ordering, &order, screen)
        }
        Command::Suspend(ordering) => issued::order(&ordering, &Order::Suspend, screen),
        Command::Lift(ordering) => issued::order(&ordering, &Order::Lift, screen),
        Command::Status(command) => issued::status(command, screen),
        Command::Join { dir, invitation, wait } => {
            join::join(&dir, &invitation, wait, screen).await
        }
        Command::Renew { system, wait } => {
            renewals::renew(&system.dir, std::time::Duration::from_secs(wait), screen).await
        }
        Command::Authority(command) => authority::authority(command, screen).await,
        Command::Member(command) => member::member(command, screen).await,
        Command::Identity(command) => identity::identity(command, screen).await,
        Command::Grant(command) => grants::grant(command, screen).await,
        Command::Catalog(command) => catalog::catalog(command, screen).await,
        Command::Definition(command) => definition::definition(command, screen).await,
        Command::Directory(command) => directory::directory(command, screen).await,
        Command::Ledger(command) => ledger::ledger(command, screen).await,
        Command::Parked(command) => parked::parked(command, screen).await,
        Command::Unavailable(command) => unavailable::unavailable(command, screen).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use crate::Cli;

    #[test]
    fn the_command_line_is_well_formed_and_every_command_says_what_it_does() {
        let mut command = Cli::command();
        command.build();
        fn walk(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some() || argument.is_hide_set(),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&command);
        command.debug_assert();
    }
}
