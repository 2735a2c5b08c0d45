//! In place of kvdb-rocksdb: the same names, and no RocksDB behind them.
//!
//! The SDK compiles RocksDB into every node that follows a relay chain: twenty core-minutes of C++
//! for a database that our nodes never open, since theirs is ParityDB. Goal: what the SDK calls,
//! as a type without values, so that every use but opening is unreachable by construction.
//! Non-goal: a database.
#![deny(missing_docs)]

use std::{collections::HashMap, convert::Infallible, io, path::Path};

use kvdb::{DBKeyValue, DBTransaction, DBValue, KeyValueDB};

/// What is said when RocksDB is asked for. The words after the colon make `--database auto` go on to
/// ParityDB: sc-client-db looks for them.
const ABSENT: &str =
    "this build has no RocksDB, use --database paritydb: create_if_missing is false";

/// Settings of a database; only named.
#[derive(Clone, Debug, Default)]
pub struct DatabaseConfig {
    /// MiB of memory for each column.
    pub memory_budget: HashMap<u32, usize>,
    /// Whether opening creates.
    pub create_if_missing: bool,
}

impl DatabaseConfig {
    /// Settings of a database with so many columns.
    pub fn with_columns(_columns: u32) -> Self {
        Self::default()
    }
}

/// A database; there is none.
#[derive(Clone, Copy, Debug)]
pub struct Database(Infallible);

impl Database {
    /// Opens a database.
    ///
    /// # Errors
    /// Always: there is no RocksDB in this build.
    pub fn open<P: AsRef<Path>>(_config: &DatabaseConfig, _path: P) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, ABSENT))
    }

    /// An empty transaction.
    pub fn transaction(&self) -> DBTransaction {
        match self.0 {}
    }

    /// Writes a transaction.
    ///
    /// # Errors
    /// Never: nobody has a database to call it on; so for all that follow.
    pub fn write(&self, _transaction: DBTransaction) -> io::Result<()> {
        match self.0 {}
    }

    /// Value of a key.
    ///
    /// # Errors
    /// See [`Database::write`].
    pub fn get(&self, _column: u32, _key: &[u8]) -> io::Result<Option<DBValue>> {
        match self.0 {}
    }

    /// First value whose key starts with a prefix.
    ///
    /// # Errors
    /// See [`Database::write`].
    pub fn get_by_prefix(&self, _column: u32, _prefix: &[u8]) -> io::Result<Option<DBValue>> {
        match self.0 {}
    }

    /// All of a column.
    pub fn iter(&self, _column: u32) -> std::iter::Empty<io::Result<DBKeyValue>> {
        match self.0 {}
    }

    /// Count of columns.
    pub fn num_columns(&self) -> u32 {
        match self.0 {}
    }

    /// Compacts a column.
    ///
    /// # Errors
    /// See [`Database::write`].
    pub fn force_compact(&self, _column: u32) -> io::Result<()> {
        match self.0 {}
    }

    /// Adds a column.
    ///
    /// # Errors
    /// See [`Database::write`].
    pub fn add_column(&mut self) -> io::Result<()> {
        match self.0 {}
    }

    /// Removes the last column.
    ///
    /// # Errors
    /// See [`Database::write`].
    pub fn remove_last_column(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}

impl KeyValueDB for Database {
    fn get(&self, _column: u32, _key: &[u8]) -> io::Result<Option<DBValue>> {
        match self.0 {}
    }

    fn get_by_prefix(&self, _column: u32, _prefix: &[u8]) -> io::Result<Option<DBValue>> {
        match self.0 {}
    }

    fn write(&self, _transaction: DBTransaction) -> io::Result<()> {
        match self.0 {}
    }

    fn iter<'a>(&'a self, _column: u32) -> Box<dyn Iterator<Item = io::Result<DBKeyValue>> + 'a> {
        match self.0 {}
    }

    fn iter_with_prefix<'a>(
        &'a self,
        _column: u32,
        _prefix: &'a [u8],
    ) -> Box<dyn Iterator<Item = io::Result<DBKeyValue>> + 'a> {
        match self.0 {}
    }
}
