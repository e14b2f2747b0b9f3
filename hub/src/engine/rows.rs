//! Rows of one or several requests' tables in one batch. A step's expressions are evaluated once
//! over all of them; which request a row belongs to stands beside it, where no expression sees it.

use std::iter::repeat_n;
use std::sync::Arc;

use arrow::array::{Array as _, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::SchemaRef;
use datafusion::common::cast::as_boolean_array;
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;

/// Rows, request by request.
#[derive(Clone, Debug)]
pub struct Rows {
    batch: RecordBatch,
    /// For each row, the place of its request; ascending.
    of: Vec<u32>,
}

impl Rows {
    /// The batches of each request, in one.
    pub fn of_each(
        schema: &SchemaRef,
        each: impl IntoIterator<Item = Result<Vec<RecordBatch>>>,
    ) -> Result<Self> {
        let (mut batches, mut of) = (Vec::new(), Vec::new());
        for (place, of_one) in (0u32..).zip(each) {
            for batch in of_one? {
                of.extend(repeat_n(place, batch.num_rows()));
                batches.push(batch);
            }
        }
        let batch = match <[RecordBatch; 1]>::try_from(batches) {
            Ok([one]) => one,
            Err(many) => concat_batches(schema, &many)?,
        };
        Ok(Self { batch, of })
    }

    /// All rows of the parts, each request's in the parts' order.
    pub fn united(schema: &SchemaRef, parts: Vec<Self>) -> Result<Self> {
        let mut batches = Vec::with_capacity(parts.len());
        let mut of = Vec::new();
        for part in parts {
            // A union's columns are named as its first part's.
            batches.push(RecordBatch::try_new(Arc::clone(schema), part.batch.columns().to_vec())?);
            of.extend(part.of);
        }
        let batch = concat_batches(schema, &batches)?;
        if of.is_sorted() {
            return Ok(Self { batch, of });
        }
        let mut order = (0..of.len()).collect::<Vec<_>>();
        order.sort_by_key(|row| of.get(*row));
        let places = order.iter().map(|row| narrow(*row)).collect::<Result<Vec<_>>>()?;
        of.sort_unstable();
        Ok(Self { batch: take_record_batch(&batch, &UInt32Array::from(places))?, of })
    }

    /// Those of one request.
    pub fn of_one(batch: RecordBatch) -> Self {
        Self { of: vec![0; batch.num_rows()], batch }
    }

    /// None, in that shape.
    pub fn none(schema: SchemaRef) -> Self {
        Self { batch: RecordBatch::new_empty(schema), of: Vec::new() }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The same, alone.
    pub fn into_batch(self) -> RecordBatch {
        self.batch
    }

    /// For each row, the place of its request.
    pub fn of(&self) -> &[u32] {
        &self.of
    }

    /// The same rows in another shape: one row each, in this order.
    pub fn made_into(self, make: impl FnOnce(RecordBatch) -> Result<RecordBatch>) -> Result<Self> {
        let Self { batch, of } = self;
        let batch = make(batch)?;
        if batch.num_rows() != of.len() {
            return Err(DataFusionError::Internal("an expression lost or made rows".into()));
        }
        Ok(Self { batch, of })
    }

    /// These rows of it, in this order; the requests' places must ascend.
    pub fn taken(&self, rows: &[u32]) -> Result<(RecordBatch, Vec<u32>)> {
        let of = rows.iter().filter_map(|row| self.of.get(*row as usize).copied()).collect();
        Ok((take_record_batch(&self.batch, &UInt32Array::from(rows.to_vec()))?, of))
    }

    /// Of a batch and of whom its rows are.
    pub fn new(batch: RecordBatch, of: Vec<u32>) -> Result<Self> {
        if batch.num_rows() != of.len() || !of.is_sorted() {
            return Err(DataFusionError::Internal("rows are not request by request".into()));
        }
        Ok(Self { batch, of })
    }

    /// Those that a mask keeps.
    pub fn kept(self, mask: &BooleanArray) -> Result<Self> {
        let kept = self.of.iter().zip(mask).filter(|(_, keeps)| *keeps == Some(true));
        Ok(Self {
            of: kept.map(|(place, _)| *place).collect(),
            batch: filter_record_batch(&self.batch, mask)?,
        })
    }

    /// Those for which the condition holds, and of them the projected columns.
    pub fn narrowed(
        self,
        condition: Option<&Arc<dyn PhysicalExpr>>,
        projection: Option<&[usize]>,
    ) -> Result<Self> {
        let rows = match condition {
            Some(condition) => {
                let mask = holds(condition, &self.batch)?;
                self.kept(&mask)?
            }
            None => self,
        };
        match projection {
            Some(columns) => rows.made_into(|batch| Ok(batch.project(columns)?)),
            None => Ok(rows),
        }
    }

    /// Each request's rows: at most one batch, and none where it has no rows.
    pub fn by_request(self, requests: usize) -> Vec<Vec<RecordBatch>> {
        let mut each = vec![Vec::new(); requests];
        let mut first = 0;
        for of_one in self.of.chunk_by(|one, next| one == next) {
            let place = of_one.first().and_then(|place| each.get_mut(*place as usize));
            if let Some(place) = place {
                place.push(self.batch.slice(first, of_one.len()));
            }
            first += of_one.len();
        }
        each
    }
}

/// For which rows a condition holds. For one that is NULL it does not.
pub fn holds(condition: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<BooleanArray> {
    let holds = condition.evaluate(batch)?.into_array(batch.num_rows())?;
    let holds = as_boolean_array(&holds)?;
    Ok(match holds.null_count() {
        0 => holds.clone(),
        _ => holds.iter().map(|holds| Some(holds == Some(true))).collect(),
    })
}

/// A row's number, as the kernels want it.
pub fn narrow(row: usize) -> Result<u32> {
    u32::try_from(row).map_err(|error| DataFusionError::External(Box::new(error)))
}
