//! Errors of parked questions.

use zerotrip_text::{Explain, Failure};

use super::peer::file;
use crate::parking::{MOST, ParkingError};

impl Explain for ParkingError {
    fn explain(&self) -> Failure {
        let en = self.to_string();
        match self {
            Self::File(why) => file(why),
            Self::Content { path, .. } => {
                Failure::new(en, format!("`{}` 不是挂起的请求", path.display())).remedy(
                    "remove the file, and ask anew what was in it",
                    "请删除该文件，并重新核验其中的请求",
                )
            }
            Self::Already(id) => Failure::new(en, format!("同一请求已挂起，编号 `{id}`")).remedy(
                "go on with `zerotrip parked run`, or drop it first with `zerotrip parked drop`",
                "请用 `zerotrip parked run` 继续，或先用 `zerotrip parked drop` 撤销",
            ),
            Self::Full => Failure::new(en, format!("该目录中挂起的请求已达 {MOST} 个")).remedy(
                "end some with `zerotrip parked run`, or drop them with `zerotrip parked drop`",
                "请用 `zerotrip parked run` 办结一部分，或用 `zerotrip parked drop` 撤销",
            ),
            Self::Unknown(id) => Failure::new(en, format!("没有编号为 `{id}` 的挂起请求")).remedy(
                "see `zerotrip parked list` for what there is",
                "请用 `zerotrip parked list` 查看",
            ),
            Self::Busy(id) => Failure::new(en, format!("另一进程正在等待 `{id}` 的答复"))
                .remedy("wait for it, or end that process first", "请等待其结束，或先终止该进程"),
            Self::Session(why) => why.explain(),
        }
    }
}
