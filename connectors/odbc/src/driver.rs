//! One connection through one driver, and what is asked of it.
//!
//! Every cell is read as text, piece by piece (`SQLGetData`). A driver's statement of a column's
//! size is not always true, and a piece that is taken for the whole would be an unnoticed loss.

use std::io;
use std::num::NonZeroUsize;

use odbc_api::handles::StatementImpl;
use odbc_api::parameter::{
    InputParameter, VarCharArray, VarCharBox, VarWCharArray, VarWCharBox, WithDataType,
};
use odbc_api::{
    Connection, ConnectionOptions, Cursor, CursorRow, DataType, Preallocated, environment,
};
use zerotrip_odbc_wire::{
    BATCH, Kind, MOST_CELL, MOST_ROW, Reply, Request, Rows, VERSION, Value, WireError,
};

/// Characters that are read of a cell at once.
const PIECE: usize = 2048;
const _: () = assert!(BATCH + MOST_ROW < zerotrip_odbc_wire::MOST_REPLY);

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The driver, its manager, or the system behind them.
    #[error("the driver failed")]
    Odbc(#[from] odbc_api::Error),
    /// The connector is gone.
    #[error("{0}")]
    Socket(#[from] io::Error),
    /// A bound.
    #[error("a cell of over {MOST_CELL} bytes, or a row of over {MOST_ROW}. Name other columns")]
    TooLong,
    /// The connector asked for something odd.
    #[error("`{0}` is not a number")]
    NoNumber(String),
    /// The statement has no rows to send.
    #[error("the statement has no rows")]
    NoRows,
    /// The connection is dead.
    #[error("the connection is dead")]
    Dead,
    /// A bound of the protocol.
    #[error("{0}")]
    Wire(#[from] WireError),
}

/// A connection.
pub struct Driver {
    connection: Connection<'static>,
    /// Seconds that a statement may take; 0: no bound.
    seconds: usize,
    /// Whether statements run in transactions.
    transactions: bool,
    /// Run after every answer.
    alive: Option<String>,
}

/// Where batches go.
type Send<'a> = &'a mut dyn FnMut(Vec<u8>) -> io::Result<()>;

impl Driver {
    /// Connects.
    pub fn log_in(connection: &str, seconds: u32) -> Result<(Self, Reply), DriverError> {
        let options = ConnectionOptions { login_timeout_sec: Some(seconds), packet_size: None };
        let connection = environment()?.connect_with_connection_string(connection, options)?;
        // Some drivers count the terminating zero as part of the text.
        let system =
            connection.database_management_system_name()?.trim_end_matches('\0').to_owned();
        // A driver that does not say quotes nothing.
        let quote = connection
            .identifier_quote_char()
            .ok()
            .flatten()
            .filter(|quote| !quote.is_whitespace());
        Ok((
            Self { connection, seconds: 0, transactions: false, alive: None },
            Reply::Ready { version: VERSION, system, quote },
        ))
    }

    /// Does what is asked for.
    pub fn answer(&mut self, request: Request, send: Send<'_>) -> Result<Reply, DriverError> {
        match request {
            Request::LogIn { .. } => Err(WireError::Malformed.into()),
            Request::SetUp { statements, transactions, alive } => {
                self.run(&statements)?;
                self.alive = alive;
                if transactions {
                    self.connection.set_autocommit(false)?;
                }
                self.transactions = transactions;
                Ok(Reply::Done)
            }
            Request::Begin { statements, seconds } => {
                self.seconds = usize::try_from(seconds).unwrap_or(0);
                // Not every driver says so; then the first statement fails.
                if self.connection.is_dead().unwrap_or(false) {
                    return Err(DriverError::Dead);
                }
                // An earlier request may have begun a transaction, which would see an earlier
                // moment.
                if self.transactions {
                    self.connection.rollback()?;
                }
                self.run(&statements)?;
                Ok(Reply::Done)
            }
            Request::End => {
                self.connection.rollback()?;
                Ok(Reply::Done)
            }
            Request::Tables { catalog, schema } => {
                let mut statement = self.statement()?;
                let any = |name: &Option<String>| name.clone().unwrap_or_default();
                let cursor = statement.tables_cursor(&any(&catalog), &any(&schema), "", "")?;
                stream(cursor, false, send)
            }
            Request::Columns { catalog, schema, table } => {
                let mut statement = self.statement()?;
                let any = |name: &Option<String>| name.clone().unwrap_or_default();
                let cursor = statement.columns_cursor(&any(&catalog), &any(&schema), &table, "")?;
                stream(cursor, false, send)
            }
            Request::PrimaryKey { catalog, schema, table } => {
                let mut statement = self.statement()?;
                let cursor =
                    statement.primary_keys_cursor(catalog.as_deref(), schema.as_deref(), &table)?;
                stream(cursor, false, send)
            }
            Request::Read { statement, values, narrow } => {
                let values = values
                    .iter()
                    .map(|value| bound(value, narrow))
                    .collect::<Result<Vec<_>, _>>()?;
                let mut prepared = self.statement()?;
                let cursor =
                    prepared.execute(&statement, values.as_slice())?.ok_or(DriverError::NoRows)?;
                let end = stream(cursor, narrow, send)?;
                self.outlived()?;
                Ok(end)
            }
        }
    }

    /// Makes sure that the connection is alive: its end did not cut the answer short.
    fn outlived(&self) -> Result<(), DriverError> {
        if self.connection.is_dead().unwrap_or(false) {
            return Err(DriverError::Dead);
        }
        self.run(self.alive.as_slice())
    }

    fn run(&self, statements: &[String]) -> Result<(), DriverError> {
        for statement in statements {
            self.statement()?.execute(statement, ())?;
        }
        Ok(())
    }

    fn statement(&self) -> Result<Preallocated<StatementImpl<'_>>, DriverError> {
        let mut statement = self.connection.preallocate()?;
        if self.seconds > 0 {
            // Not every driver can do this. The connector ends the process at its own deadline.
            let _can = statement.set_query_timeout_sec(self.seconds);
        }
        Ok(statement)
    }
}

/// A value as the driver takes it.
fn bound(value: &Value, narrow: bool) -> Result<Box<dyn InputParameter>, DriverError> {
    let text = &value.text;
    let length = NonZeroUsize::new(text.chars().count().max(1));
    let kind = match value.kind {
        Kind::Whole => {
            let number: i64 = text.parse().map_err(|_| DriverError::NoNumber(text.clone()))?;
            return Ok(Box::new(WithDataType::new(number, DataType::BigInt)));
        }
        Kind::Number => DataType::Numeric { precision: 18, scale: 0 },
        Kind::Char => DataType::Char { length },
        Kind::Varchar => DataType::Varchar { length },
        Kind::WideChar => DataType::WChar { length },
        Kind::WideVarchar => DataType::WVarchar { length },
    };
    Ok(if narrow {
        Box::new(WithDataType::new(VarCharBox::from_string(text.clone()), kind))
    } else {
        Box::new(WithDataType::new(VarWCharBox::from_str_slice(text), kind))
    })
}

/// Sends all rows, then says how many.
fn stream(mut cursor: impl Cursor, narrow: bool, send: Send<'_>) -> Result<Reply, DriverError> {
    let columns = u16::try_from(cursor.num_result_cols()?).unwrap_or(0);
    if columns == 0 {
        return Err(DriverError::NoRows);
    }
    let mut batch = Rows::new(columns);
    let mut cell = Cell::default();
    while let Some(mut row) = cursor.next_row()? {
        let mut bytes = 0;
        for column in 1..=columns {
            let there = if narrow {
                cell.read_narrow(&mut row, column)?
            } else {
                cell.read_wide(&mut row, column)?
            };
            bytes += cell.text.len();
            if bytes > MOST_ROW {
                return Err(DriverError::TooLong);
            }
            batch.cell(there.then_some(cell.text.as_str()));
        }
        if batch.end_row()
            && let Some(batch) = batch.take()?
        {
            send(batch)?;
        }
    }
    if let Some(batch) = batch.take()? {
        send(batch)?;
    }
    Ok(Reply::End { rows: batch.rows() })
}

/// The buffers into which a cell is read; they are reused.
#[derive(Default)]
struct Cell {
    text: String,
    wide: Vec<u16>,
    bytes: Vec<u8>,
    wide_piece: VarWCharArray<PIECE>,
    piece: VarCharArray<PIECE>,
}

impl Cell {
    /// False for NULL.
    fn read_wide(&mut self, row: &mut CursorRow<'_>, column: u16) -> Result<bool, DriverError> {
        self.text.clear();
        self.wide.clear();
        loop {
            row.get_data(column, &mut self.wide_piece)?;
            let Some(piece) = self.wide_piece.as_slice() else { return Ok(false) };
            self.wide.extend(piece);
            if self.wide.len() > MOST_CELL {
                return Err(DriverError::TooLong);
            }
            if self.wide_piece.is_complete() {
                break;
            }
        }
        // Half a surrogate pair is not a character, and makes the cell unreadable.
        self.text.extend(
            char::decode_utf16(self.wide.iter().copied())
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)),
        );
        if self.text.len() > MOST_CELL { Err(DriverError::TooLong) } else { Ok(true) }
    }

    /// The same from a driver that knows bytes only.
    fn read_narrow(&mut self, row: &mut CursorRow<'_>, column: u16) -> Result<bool, DriverError> {
        self.text.clear();
        self.bytes.clear();
        loop {
            row.get_data(column, &mut self.piece)?;
            let Some(piece) = self.piece.as_slice() else { return Ok(false) };
            self.bytes.extend(piece);
            if self.bytes.len() > MOST_CELL {
                return Err(DriverError::TooLong);
            }
            if self.piece.is_complete() {
                break;
            }
        }
        self.text.push_str(&String::from_utf8_lossy(&self.bytes));
        Ok(true)
    }
}
