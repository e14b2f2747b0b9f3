//! What a yes of a variant says, and what it tells beside yes.

use zerotrip_checks::definition::{ClaimTerms, Definition, Proves, Variant};
use zerotrip_text::Bilingual;

use super::{joined, named};

/// What is proven, what a no says where nothing shows it, and each value that is told.
pub(super) fn proven(definition: &Definition, variant: &Variant) -> Vec<Bilingual> {
    let mut lines = vec![match &variant.proves {
        Proves::Absence => Bilingual::new(
            "A yes says that nothing on record speaks against it.",
            "肯定答复表示没有与之相悖的登记记录。",
        ),
        Proves::Fact { silence } => {
            let reason = definition.reasons.iter().find(|reason| reason.code == *silence);
            let told = named(silence, reason.map(|reason| &reason.requester));
            Bilingual::new(
                format!(
                    "A yes says that a row shows it, and that nothing on record ends it. Where all \
                     registers answered whole and no row shows it, the answer is no: {}.",
                    told.en
                ),
                format!(
                    "肯定答复表示有记录证明该事实，且没有使其终止的记录。各登记均完整答复而没有记录\
                     证明时，给出否定答复：{}。",
                    told.zh
                ),
            )
        }
    }];
    let claims = definition.claims.iter().filter(|claim| variant.tells(claim));
    lines.extend(claims.map(claim));
    if variant.proves.is_fact() && lines.len() == 1 {
        lines.push(Bilingual::new(
            "Nothing of the rows is told beside yes or no.",
            "除是与否以外，不告知记录中的任何内容。",
        ));
    }
    lines
}

fn claim(claim: &ClaimTerms) -> Bilingual {
    let name = named(&claim.name, Some(&claim.title));
    let from: Vec<Bilingual> = claim
        .from
        .iter()
        .map(|from| named(&format!("{}.{}", from.dataset, from.column), None))
        .collect();
    let from = joined(&from);
    let optional = match claim.optional {
        true => Bilingual::new(", where there is one", "（有记载时）"),
        false => Bilingual::default(),
    };
    Bilingual::new(
        format!("A yes tells the requester: {}{}, made of {}.", name.en, optional.en, from.en),
        format!("肯定答复告知查询方：{}{}，取自{}。", name.zh, optional.zh, from.zh),
    )
}
