//! Errors of the ledger: one that is not whole, one that is not the one seen before.

use zerotrip_text::{Explain, Failure};
use zerotrip_trust::note::SeenLogError;

use super::peer::file;
use crate::audit::AuditError;
use crate::seen::SeenError;

fn seen_log(error: &SeenLogError) -> Failure {
    let zh = match error {
        SeenLogError::Shrunk { seen, now } => {
            format!("台账变短：上次所见 {seen} 条，现有 {now} 条")
        }
        SeenLogError::Forked(size) => format!("台账与上次所见不同：前 {size} 条已被改写"),
    };
    Failure::new(error.to_string(), zh)
}

/// What was seen before is what shows that a hub was set back, so it is not given up lightly.
const RESTORE: (&str, &str) = (
    "restore the file from a copy; without one, move it away only where the authority confirms that \
     the hub was not set back",
    "请从副本恢复该文件；如无副本，仅当数据主管部门确认枢纽未曾回退时，方可将其移走",
);

impl Explain for AuditError {
    fn explain(&self) -> Failure {
        let zh = match self {
            Self::Unreadable(index) => format!("台账第 {index} 条无法读取"),
            Self::NotCommitted(index) => {
                format!("枢纽所称台账第 {index} 条的内容与该条的承诺不符")
            }
            Self::Withheld(index) => {
                format!("枢纽未向数据主管部门公开台账第 {index} 条，而其有权阅读全部记录")
            }
            Self::WithoutIntent { index, exchange, intent } => {
                format!(
                    "台账第 {index} 条是交换 `{exchange}` 的办结记录，但第 {intent} \
                     条并非其未办结的受理记录"
                )
            }
            Self::WrongSize { expected, found } => {
                format!("签名的台账头称有 {expected} 条，实际有 {found} 条")
            }
            Self::WrongRoot => "由各条记录算出的根与签名的根不符：有记录被改动".to_owned(),
            Self::Seen(error) => return seen_log(error),
            Self::KeptHead => {
                return Failure::new(self.to_string(), "上次所见的台账头无法读取")
                    .remedy(RESTORE.0, RESTORE.1);
            }
        };
        Failure::new(self.to_string(), zh)
    }
}

impl Explain for SeenError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        match self {
            Self::Ledger(error) => Failure::new(en, seen_log(error).what.zh).remedy(
                "do not act on the answer, and tell the authority: only where it confirms that a \
                 backup of the hub was put back, move `ledger-seen.note` in this system's folder \
                 away",
                "请勿据此办理，并告知数据主管部门；仅当其确认枢纽曾恢复备份时，\
                 方可移走本系统目录中的 `ledger-seen.note`",
            ),
            Self::OlderDirectory { found, known } => Failure::new(
                en,
                format!(
                    "枢纽依据密钥目录第 {found} 版作出决定，而此处已见第 {known} \
                     版，说明枢纽已回退"
                ),
            )
            .remedy("do not act on the answer", "请勿据此办理"),
            Self::Kept { path, error } => {
                error.explain().within(&format!("`{path}`: "), &format!("`{path}`："))
            }
            Self::OtherLog { path, kept, asked } => {
                Failure::new(en, format!("`{path}` 属于台账 `{kept}`，并非 `{asked}`")).remedy(
                    "move it away only where the authority confirms that this system now asks \
                         another hub",
                    "仅当数据主管部门确认本系统已改接另一枢纽时，方可将其移走",
                )
            }
            Self::NotKept(error) => Failure::new(
                format!(
                    "the newest tree head that was seen cannot be kept: {error}; the answer does \
                     not count"
                ),
                format!("无法保存所见的台账头：{}；本次答复不作数", file(error).what.zh),
            )
            .remedy(
                "let this system's folder be written, then ask again",
                "请确保本系统目录可写后重新查询",
            ),
            Self::File(error) => file(error).within(
                "the newest tree head that was seen cannot be read: ",
                "无法读取所保存的台账头：",
            ),
        }
    }
}
