//! Where the answers of a variant hold.

use zerotrip_checks::definition::Scan;
use zerotrip_datasets::normal::division;
use zerotrip_proto::v1::coverage;

use super::Preparation;

impl Preparation<'_> {
    /// An answer holds where all the registers that it reads know of every record; of what is
    /// outside one of them it says nothing. A register of persons counts too: it does not know
    /// which persons belong together elsewhere. One that knows of everything wherever it happened
    /// sets no bound.
    pub(super) fn find_regions(&mut self) {
        let coverage = |scan: &Scan| self.statements.get(&scan.dataset)?.coverage.as_ref();
        let anywhere = |scan: &Scan| {
            coverage(scan).is_some_and(|coverage| {
                matches!(coverage.subjects, Some(coverage::Subjects::EveryoneAnywhere(true)))
            })
        };
        let counted: Vec<&Scan> = self
            .variant
            .scans()
            .map(|(_, scan)| scan)
            .filter(|scan| scan.judged || !anywhere(scan))
            .collect();
        for scan in &counted {
            for code in coverage(scan).iter().flat_map(|coverage| &coverage.regions) {
                if let Some(year) = division::abolished(code) {
                    self.faults.push(format!(
                        "`{}` covers `{code}`, which was abolished in {year}: its owner must name \
                         what of today's districts it covers, in whole",
                        scan.dataset
                    ));
                }
            }
        }
        let regions =
            |scan: &Scan| coverage(scan).map_or(&[][..], |coverage| coverage.regions.as_slice());
        let lists: Vec<&[String]> = counted.iter().map(|scan| regions(scan)).collect();
        self.prepared.regions = division::common(&lists);
        if self.prepared.regions.is_empty() {
            let stated: Vec<String> = counted
                .iter()
                .map(|scan| format!("{}: {}", scan.dataset, regions(scan).join(", ")))
                .collect();
            self.faults.push(format!(
                "no region lies within all registers that it reads ({}); its answer would hold \
                 nowhere",
                stated.join("; ")
            ));
        }
    }
}
