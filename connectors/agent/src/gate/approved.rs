//! The scans that the owner has approved, in the form in which the gate compares them.

use std::collections::BTreeMap;
use std::sync::Arc;

use zerotrip_proto::v1::{Approvals, Request, ScanTemplate};
use zerotrip_trust::digest::Digest;
use zerotrip_trust::receipt::template_digest;

use crate::owner_store::approvals::{MemberPurpose, member_purposes};
use crate::scan_plan::ScanPlan;

/// The approved scans, by digest of the scan template.
#[derive(Clone, Debug, Default)]
pub struct ApprovedScans {
    scans: BTreeMap<Digest, Arc<ApprovedScan>>,
}

/// One scan that the owner has approved.
#[derive(Debug)]
pub struct ApprovedScan {
    /// The members that may ask it, each with a purpose for which it may, and how many subjects one
    /// request about many may be about.
    requesters: BTreeMap<MemberPurpose, u32>,
    template: ScanTemplate,
    /// The template's digest.
    pub digest: Digest,
    /// How its answer is made; or why the dataset, as it is attached here, cannot give it.
    pub plan: Result<Arc<ScanPlan>, String>,
}

impl ApprovedScan {
    /// The template, as the owner approved it.
    pub fn template(&self) -> &ScanTemplate {
        &self.template
    }

    /// Whether this member may ask the scan for the request's purpose: about one subject, or about
    /// `many` in one request.
    pub fn allows(&self, member: &str, request: &Request, many: Option<u32>) -> bool {
        let most = self.requesters.get(&(member.to_owned(), request.purpose.clone()));
        most.is_some_and(|most| many.is_none_or(|subjects| subjects <= *most))
    }
}

impl ApprovedScans {
    /// From the owner's approvals, whose signature was verified. `plan` makes the plan of a
    /// template.
    pub fn new(
        approvals: Approvals,
        plan: impl Fn(&ScanTemplate) -> Result<ScanPlan, String>,
    ) -> Self {
        let mut by_digest: BTreeMap<Digest, (ScanTemplate, BTreeMap<MemberPurpose, u32>)> =
            BTreeMap::new();
        for mut approval in approvals.approvals {
            let Some(template) = approval.template.take() else { continue };
            let (_, requesters) = by_digest
                .entry(template_digest(&template))
                .or_insert_with(|| (template, BTreeMap::new()));
            for pair in member_purposes(&approval) {
                let most = requesters.entry(pair).or_default();
                *most = approval.max_subjects.max(*most);
            }
        }
        let scans = by_digest.into_iter().map(|(digest, (template, requesters))| {
            let plan = plan(&template).map(Arc::new);
            (digest, Arc::new(ApprovedScan { requesters, template, digest, plan }))
        });
        Self { scans: scans.collect() }
    }

    /// The approved scan with this template digest.
    pub fn get(&self, digest: &Digest) -> Option<Arc<ApprovedScan>> {
        self.scans.get(digest).map(Arc::clone)
    }

    /// How many subjects one request may be about at most, whoever makes it; 0: none about many.
    pub fn most_subjects(&self) -> u32 {
        let each = self.scans.values().flat_map(|scan| scan.requesters.values());
        each.copied().max().unwrap_or_default()
    }

    /// How many templates are approved.
    pub fn len(&self) -> usize {
        self.scans.len()
    }

    /// Whether no template is approved.
    pub fn is_empty(&self) -> bool {
        self.scans.is_empty()
    }
}
