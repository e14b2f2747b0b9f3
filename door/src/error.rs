//! Why the door does not open, or an offer or a request is not made.

use std::net::SocketAddr;
use std::path::PathBuf;

use zerotrip_channel::HomeError;
use zerotrip_channel::files::FileError;
use zerotrip_client::explain;
use zerotrip_text::{Explain, Failure};
use zerotrip_trust::digest::RandomError;
use zerotrip_trust::keys::KeyError;

use crate::bounds::{FILE, OFFERS, REQUESTS, TYPES};

/// Why the door does not open, or an offer or a request is not made.
#[expect(missing_docs, reason = "the names and the texts say it")]
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    #[error("`{}` is missing, so nothing says where wallets reach the door", .0.display())]
    NoSettings(PathBuf),
    #[error("`{}`: {why}", path.display())]
    Settings { path: PathBuf, why: String },
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("the request cannot be signed: {0}")]
    Key(#[from] KeyError),
    #[error("`{}`: {why}", path.display())]
    Content { path: PathBuf, why: &'static str },
    /// What the settings name.
    #[error("`{}`: {why}", path.display())]
    Certificate { path: PathBuf, why: &'static str },
    /// Likewise: of those who certify attesters.
    #[error("`{}`: {why}", path.display())]
    Attesters { path: PathBuf, why: &'static str },
    #[error("{OFFERS} offers wait for their wallets already")]
    TooManyOffers,
    #[error("{TYPES} types of certificates were offered already")]
    TooManyTypes,
    #[error("{REQUESTS} requests wait for their wallets already")]
    TooManyRequests,
    #[error("an offer would wait longer than a certificate can be sealed on its answer")]
    TooLate,
    #[error("`{FILE}` has no `[verifier]`, so nothing is asked of wallets")]
    NoVerifier,
    #[error("`{FILE}` has no request `{0}`")]
    NoKind(String),
    #[error("there is no request `{0}`, or it has ended")]
    NoRequest(String),
    #[error("without `[tls]` in `{FILE}` the door listens on this machine alone, and `{0}` is not")]
    Open(SocketAddr),
    #[error("`{at}` cannot be listened on: {error}")]
    Listen { at: SocketAddr, error: std::io::Error },
}

impl Explain for DoorError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        match self {
            Self::NoSettings(path) => {
                Failure::new(en, format!("缺少 `{}`，未说明钱包访问本服务的地址", path.display()))
                    .remedy(
                        "write it with `uri = \"https://…\"`",
                        "请写好其中的 `uri = \"https://…\"`",
                    )
            }
            Self::Settings { path, why } => {
                Failure::new(en, format!("`{}` 有误：{why}", path.display()))
                    .remedy("correct the file", "请更正该文件")
            }
            Self::File(why) => explain::file(why),
            Self::Home(why) => explain::home(why),
            Self::Random(_) => Failure::new(en, "无法取得随机数"),
            Self::Key(why) => Failure::new(en, format!("请求无法签名：{why}"))
                .remedy("give a P-256 key and its certificate", "请提供 P-256 密钥及其证书"),
            Self::Content { path, .. } => {
                Failure::new(en, format!("`{}` 的内容有误", path.display()))
                    .remedy("remove the file, and make it anew", "请删除该文件并重新生成")
            }
            Self::Certificate { path, .. } => {
                Failure::new(en, format!("`{}` 不是所需的证书", path.display())).remedy(
                    "name one certificate (PEM) that holds now, over the key beside it",
                    "请在 `door.toml` 中指定一份现行有效、且与所指密钥对应的证书（PEM）",
                )
            }
            Self::Attesters { path, .. } => {
                Failure::new(en, format!("`{}` 不是认可证明方的根证书列表", path.display())).remedy(
                    "name a file with the roots (PEM) of those who certify attesters",
                    "请在 `door.toml` 中指定存有证明方根证书（PEM）的文件",
                )
            }
            Self::TooManyOffers => Failure::new(en, format!("等待领取的证明已达 {OFFERS} 份"))
                .remedy("wait until some have ended", "请待部分到期后再试"),
            Self::TooManyTypes => Failure::new(en, format!("已发放过的证明类型达 {TYPES} 种"))
                .remedy("remove what is not offered any more", "请删除不再发放的类型"),
            Self::TooManyRequests => Failure::new(en, format!("等待出示的请求已达 {REQUESTS} 个"))
                .remedy("wait until some have ended", "请待部分到期后再试"),
            Self::TooLate => Failure::new(en, "领取期限超过了依据该答复签章的期限")
                .remedy("ask again, or offer it for fewer minutes", "请重新核验，或缩短领取期限"),
            Self::NoVerifier => Failure::new(en, format!("`{FILE}` 中没有 `[verifier]`")).remedy(
                "add `[verifier]` and `[[request]]`",
                "请补充 `[verifier]` 与 `[[request]]`",
            ),
            Self::NoKind(name) => Failure::new(en, format!("`{FILE}` 中没有请求 `{name}`"))
                .remedy("add it, or name another", "请补充，或填写其他名称"),
            Self::NoRequest(id) => Failure::new(en, format!("没有请求 `{id}`，或已到期"))
                .remedy("make a new one", "请重新发起"),
            Self::Open(at) => Failure::new(
                en,
                format!("`{FILE}` 中没有 `[tls]` 时只能在本机监听，`{at}` 不是本机地址"),
            )
            .remedy(
                "give certificate and key, or listen on 127.0.0.1 behind a proxy that has them",
                "请配置证书与密钥，或在 127.0.0.1 监听，由前置代理提供 TLS",
            ),
            Self::Listen { at, error } => Failure::new(en, format!("无法监听 `{at}`：{error}"))
                .remedy("give another address", "请换用其他地址"),
        }
    }
}
