//! The names that appear in answers and certificates, as people know them. None of them is ever
//! signed, or printed as a key of JSON.

use zerotrip_proto::v1::KeyUsage;

/// The Chinese names of claims, parameters and disclosures; another name is shown as it is.
pub(crate) fn name_zh(name: &str) -> &str {
    match name {
        "check" => "核验事项",
        "variant" => "核验范围",
        "region" | "regions" => "地区",
        "asked" => "查询条件",
        "asked_at" => "核验时间",
        "former_numbers" => "曾用号码",
        "applicant" => "申请人",
        "enterprise" => "企业",
        "vessel" => "船舶识别号",
        "vehicle" => "车辆识别代号",
        "property_unit" => "不动产单元代码",
        "purpose" => "用途",
        "case_number" => "办件号",
        "request" => "签名的请求",
        other => other,
    }
}

/// The same in English.
pub(crate) fn name_en(name: &str) -> &str {
    match name {
        "regions" => "region",
        "asked" => "asked for",
        "asked_at" => "asked at",
        "former_numbers" => "former numbers",
        "property_unit" => "real-property unit",
        "case_number" => "case",
        "request" => "the signed request",
        other => other,
    }
}

/// What a key is for, in Chinese.
pub(crate) fn usage_zh(usage: KeyUsage) -> &'static str {
    match usage {
        KeyUsage::Sign => "签名",
        KeyUsage::Approve => "审批",
        KeyUsage::Seal => "签章",
        KeyUsage::Checkpoint => "台账",
        KeyUsage::Unspecified => "用途不明",
    }
}

#[cfg(test)]
mod tests {
    use super::name_zh;

    #[test]
    fn every_claim_has_a_chinese_name() {
        for claim in [
            "check",
            "variant",
            "regions",
            "asked",
            "asked_at",
            "former_numbers",
            "applicant",
            "enterprise",
            "vessel",
            "vehicle",
            "property_unit",
            "purpose",
            "case_number",
            "request",
        ] {
            assert!(!name_zh(claim).contains(|c: char| c.is_ascii_alphabetic()), "{claim}");
        }
    }
}
