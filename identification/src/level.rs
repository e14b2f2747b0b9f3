//! How sure an identification is.

use zerotrip_proto::v1::IdentityLevel;
use zerotrip_text::Bilingual;

/// The levels of Regulation (EU) 910/2014, art. 8(2), in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A limited degree of confidence.
    Low,
    /// A substantial one.
    Substantial,
    /// A higher one than that.
    High,
}

impl Level {
    /// All of them, the lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Substantial, Self::High];

    /// As a definition writes it, and a certificate.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Substantial => "substantial",
            Self::High => "high",
        }
    }

    /// Of its name.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// For people.
    pub fn words(self) -> Bilingual {
        match self {
            Self::Low => Bilingual::new("low", "低"),
            Self::Substantial => Bilingual::new("substantial", "中"),
            Self::High => Bilingual::new("high", "高"),
        }
    }

    /// For a message.
    pub fn to_wire(self) -> IdentityLevel {
        match self {
            Self::Low => IdentityLevel::IdentityLow,
            Self::Substantial => IdentityLevel::IdentitySubstantial,
            Self::High => IdentityLevel::IdentityHigh,
        }
    }

    /// Of a message; `None` of what is not stated, or not known.
    pub fn from_wire(level: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|known| i32::from(known.to_wire()) == level)
    }
}
