//! A file that is there whole or not at all, written in parts.
//!
//! Goal: temporary name, fsync, rename, fsync of the folder; the checksum of all parts on the way.
//! Non-goal: locking; whoever shares a path excludes other writers or lets the last one win.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use blake2::{digest::consts::U32, Blake2b, Digest};

use super::Checksum;

/// A file in the making; removed if it is dropped before [`AtomicFile::finish`].
pub(crate) struct AtomicFile {
    path: PathBuf,
    temporary: PathBuf,
    out: BufWriter<File>,
    sum: Blake2b<U32>,
    finished: bool,
}

impl AtomicFile {
    /// Begins the file that will be at `path`.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        // Unique per process and call: threads may write the same file at the same time.
        static CALLS: AtomicU64 = AtomicU64::new(0);
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}-{call}.tmp", std::process::id()));
        let temporary = PathBuf::from(name);
        let out = BufWriter::with_capacity(1 << 18, File::create(&temporary)?);
        Ok(Self {
            path: path.to_owned(),
            temporary,
            out,
            sum: Blake2b::new(),
            finished: false,
        })
    }

    /// BLAKE2b-256 of what was written so far.
    pub(crate) fn sum(&self) -> Checksum {
        self.sum.clone().finalize().into()
    }

    /// Gives the file its name once it is on the disk.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        self.finished = true;
        let folder = self.path.parent();
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.finished {
            // The first error is the one to report; a leftover temporary file does no harm.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
