//! The two kinds of files that a segment has.

/// Which of a segment's two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Entries,
    Bodies,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Bodies => "bodies",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        [Self::Entries, Self::Bodies].into_iter().find(|kind| kind.name() == name)
    }
}
