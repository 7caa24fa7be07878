//! How a data folder is opened: folder, locks, schema, connections.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use super::error::StoreError;

/// The database inside the data folder.
pub const FILE: &str = "warmdesk.sqlite";

const SERVING_LOCK: &str = "warmdesk.lock";
const OPENING_LOCK: &str = "warmdesk.opening.lock";

/// How long a write waits for another process, as for `warmdesk index` beside a running server.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many reads run at the same time.
const READERS: u32 = 4;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations");

/// Held by the one server of a data folder. The system gives it up when the process ends, however it ends.
#[derive(Debug)]
pub struct ServingLock {
    _file: File,
}

impl ServingLock {
    /// Takes the lock of a data folder, which is made if it is not there. `warmdesk index` needs none: it may
    /// write while a server runs.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if another server has the folder; [`StoreError::ReadOnly`] if it cannot be written.
    pub fn take(data_folder: &Path) -> Result<Self, StoreError> {
        prepare_folder(data_folder)?;
        let path = data_folder.join(SERVING_LOCK);
        let mut file = lock_file(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() { "another process" } else { holder.trim() };
                return Err(StoreError::Busy(format!(
                    "another warmdesk server ({holder}) already runs on {}; stop it or give this one another folder \
                     with --data",
                    data_folder.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::from_io(&error, &path)),
        }
        file.set_len(0)
            .and_then(|()| write!(file, "process {}", std::process::id()))
            .map_err(|error| StoreError::from_io(&error, &path))?;
        Ok(Self { _file: file })
    }
}

/// What an open database consists of.
pub(super) struct Connections {
    pub writer: SqliteConnection,
    pub writer_options: SqliteConnectOptions,
    pub readers: SqlitePool,
}

/// Opens the database of a data folder, bringing its schema up to date. It happens beside the runtime: the lock
/// blocks, and the migrator's future cannot be sent between threads.
pub(super) async fn connect(data_folder: &Path) -> Result<Connections, StoreError> {
    let folder = data_folder.to_owned();
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let opening = lock_opening(&folder)?;
        let connections = runtime.block_on(connect_locked(&folder));
        drop(opening);
        connections
    })
    .await
    .map_err(|error| StoreError::Other(format!("the store could not be opened: {error}")))?
}

async fn connect_locked(data_folder: &Path) -> Result<Connections, StoreError> {
    let path = data_folder.join(FILE);
    let writer_options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .busy_timeout(PATIENCE)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // What is overwritten or erased is not to be read from the file afterwards.
        .pragma("secure_delete", "ON")
        .disable_statement_logging();
    let mut writer = writer_options.connect().await.map_err(|error| naming(&path, error.into()))?;
    migrate(&mut writer).await.map_err(|error| naming(&path, error))?;
    let reader_options = SqliteConnectOptions::new()
        .filename(&path)
        .read_only(true)
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .min_connections(1)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(PATIENCE)
        .connect_with(reader_options)
        .await
        .map_err(|error| naming(&path, error.into()))?;
    Ok(Connections { writer, writer_options, readers })
}

/// Writes what stands in the log of a data folder into its file and empties the log, in which erased pages would stand as they
/// were. Readers that are in the middle of something are waited for; if they take too long, what is left goes with the next
/// time.
pub(super) async fn empty_log(data_folder: &Path) -> Result<(), StoreError> {
    let mut connection = beside(data_folder).await?;
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await?;
    if row.try_get::<i64, _>(0)? != 0 {
        tracing::warn!("the log of the database is in use and is emptied later");
    }
    connection.close().await?;
    Ok(())
}

/// Writes the file of a data folder anew, without the remains of what earlier versions overwrote, and empties its log. Nobody
/// can write meanwhile.
///
/// # Errors
/// [`StoreError::Busy`] if somebody does.
pub async fn compact(data_folder: &Path) -> Result<(), StoreError> {
    let mut connection = beside(data_folder).await?;
    sqlx::query("VACUUM").execute(&mut connection).await?;
    connection.close().await?;
    empty_log(data_folder).await
}

/// A connection of its own to the database of a data folder.
async fn beside(data_folder: &Path) -> Result<SqliteConnection, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(data_folder.join(FILE))
        .busy_timeout(PATIENCE)
        .pragma("secure_delete", "ON")
        .disable_statement_logging();
    Ok(options.connect().await?)
}

/// Two processes that open a new folder at the same time must not both make the schema.
fn lock_opening(data_folder: &Path) -> Result<File, StoreError> {
    prepare_folder(data_folder)?;
    let path = data_folder.join(OPENING_LOCK);
    let file = lock_file(&path)?;
    file.lock().map_err(|error| StoreError::from_io(&error, &path))?;
    Ok(file)
}

fn lock_file(path: &PathBuf) -> Result<File, StoreError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| StoreError::from_io(&error, path))
}

/// Makes the folder, readable by its owner only: it holds conversations, addresses and keys.
fn prepare_folder(data_folder: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(data_folder).map_err(|error| StoreError::from_io(&error, data_folder))
}

async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    let result = MIGRATIONS.run(&mut *connection).await;
    match result {
        Ok(()) => {}
        Err(MigrateError::VersionMissing(found)) if found > known => {
            return Err(StoreError::NewerSchema { found, known });
        }
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
            return Err(error.into());
        }
        Err(error) => {
            return Err(StoreError::Corrupt(format!("the database's schema does not fit: {error}")));
        }
    }
    check_writable(connection).await
}

/// SQLite opens a file that it may not write without a word, and fails at the first write.
async fn check_writable(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let begun = sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await;
    match begun.map_err(StoreError::from) {
        Ok(_) => {
            sqlx::query("ROLLBACK").execute(connection).await?;
            Ok(())
        }
        // Somebody is writing, so it can be written.
        Err(StoreError::Busy(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Says which file it is about.
fn naming(path: &Path, error: StoreError) -> StoreError {
    let path = path.display();
    match error {
        StoreError::Busy(message) => StoreError::Busy(format!("{path}: {message}")),
        StoreError::ReadOnly(message) => StoreError::ReadOnly(format!("{path}: {message}")),
        StoreError::Corrupt(message) => StoreError::Corrupt(format!("{path}: {message}")),
        StoreError::Other(message) => StoreError::Other(format!("{path}: {message}")),
        other => other,
    }
}
