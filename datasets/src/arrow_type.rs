//! The one map from what a column means to its Arrow type.

use arrow_schema::DataType;
use zerotrip_proto::v1::SemanticType;

use crate::normal::money;

/// The Arrow type of a column with this meaning. The connector answers in it, and the hub prepares
/// its plans for it.
pub fn arrow_type(semantic: SemanticType) -> DataType {
    match semantic {
        SemanticType::Date => DataType::Date32,
        SemanticType::Money => DataType::Decimal128(money::PRECISION, money::SCALE),
        _ => DataType::Utf8,
    }
}
