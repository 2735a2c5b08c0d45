//! The bytes to store: one file, or several as a bundle.
//!
//! A file must be at rest from the first look to the last byte: length, times and identity are compared
//! before and after, so that what is stored was the file's content at one moment.

use std::{
    fs::{self, File, Metadata},
    io::Read,
    path::{Path, PathBuf},
    time::SystemTime,
};

use ips_encoding::{Bundle, BundleError, Directory, EncodeError};

use crate::error::ClientError;

/// What changes when a file is written to, cut or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Imprint {
    length: u64,
    modified: Option<SystemTime>,
    /// Device, number and the time of the last change of any kind, where the system tells them.
    identity: (u64, u64, i64, i64),
}

impl Imprint {
    fn of(meta: &Metadata) -> Self {
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            (meta.dev(), meta.ino(), meta.ctime(), meta.ctime_nsec())
        };
        #[cfg(not(unix))]
        let identity = (0, 0, 0, 0);
        Self {
            length: meta.len(),
            modified: meta.modified().ok(),
            identity,
        }
    }
}

/// Files that can be read and are not empty.
pub(crate) struct Source {
    files: Vec<(PathBuf, Imprint)>,
    bundle: Option<Bundle>,
    directory: Directory,
    name: String,
    length: u64,
}

impl Source {
    /// Looks at the files; opens each once, so that a later failure is a change.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self, ClientError> {
        let mut files = Vec::with_capacity(paths.len());
        let mut names = Vec::with_capacity(paths.len());
        for path in paths {
            let imprint = look_at(path)?;
            names.push((name_of(path)?, imprint.length));
            files.push((path.clone(), imprint));
        }
        let (name, bundle) = match names.as_slice() {
            [(name, _)] => (name.clone(), None),
            _ => {
                let name = format!("{} files", names.len());
                let bundle = Bundle::new(names).map_err(EncodeError::from)?;
                (name, Some(bundle))
            }
        };
        let length = files.iter().map(|(_, imprint)| imprint.length).sum();
        if length == 0 {
            return Err(ClientError::Empty {
                path: paths.first().cloned().unwrap_or_default(),
            });
        }
        let directory = bundle.as_ref().map_or_else(
            || Directory::named(&name),
            |bundle| bundle.directory().clone(),
        );
        Ok(Self {
            files,
            bundle,
            directory,
            name,
            length,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// All bytes, one file after the other.
    pub(crate) fn reader(&self) -> Result<Box<dyn Read + '_>, ClientError> {
        let Some(bundle) = &self.bundle else {
            let (path, _) = &self.files[0];
            return Ok(Box::new(File::open(path).map_err(read_error(path))?));
        };
        let open = |index: usize| File::open(&self.files[index].0);
        Ok(Box::new(bundle.reader(open)))
    }

    /// Fails if a file is not what it was at the first look. To be asked after the last byte was read.
    pub(crate) fn ensure_unchanged(&self) -> Result<(), ClientError> {
        for (path, before) in &self.files {
            let now = fs::metadata(path).map(|meta| Imprint::of(&meta));
            if !now.is_ok_and(|now| now == *before) {
                return Err(ClientError::Changed { path: path.clone() });
            }
        }
        Ok(())
    }

    /// An encoder's error, with the file that it is about.
    pub(crate) fn explain(&self, error: EncodeError) -> ClientError {
        let path = |index: usize| {
            let file = self.files.get(index).or(self.files.first());
            file.map(|(path, _)| path.clone()).unwrap_or_default()
        };
        match error {
            EncodeError::FileChanged { .. } => ClientError::Changed { path: path(0) },
            EncodeError::Read(source) => {
                let inner = source.get_ref();
                match inner.and_then(|inner| inner.downcast_ref::<BundleError>()) {
                    Some(BundleError::Changed { index }) => {
                        ClientError::Changed { path: path(*index) }
                    }
                    _ => ClientError::Read {
                        path: path(0),
                        source,
                    },
                }
            }
            other => other.into(),
        }
    }
}

fn read_error(path: &Path) -> impl FnOnce(std::io::Error) -> ClientError + '_ {
    move |source| ClientError::Read {
        path: path.into(),
        source,
    }
}

/// The imprint of a regular file that can be opened.
fn look_at(path: &Path) -> Result<Imprint, ClientError> {
    let meta = fs::metadata(path).map_err(read_error(path))?;
    if meta.is_dir() {
        return Err(ClientError::Folder { path: path.into() });
    }
    // Before it is opened: a pipe without a writer would never open.
    if !meta.is_file() {
        return Err(ClientError::Irregular { path: path.into() });
    }
    File::open(path).map_err(read_error(path))?;
    Ok(Imprint::of(&meta))
}

fn name_of(path: &Path) -> Result<String, ClientError> {
    path.file_name()
        .and_then(|name| name.to_str())
        .map(str::to_owned)
        .ok_or_else(|| ClientError::Name { path: path.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_empty_and_folder_are_told_with_their_path() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        fs::write(&empty, b"").unwrap();
        let missing = folder.path().join("missing");
        let error = |path: &Path| Source::open(&[path.into()]).err().unwrap();
        assert!(matches!(error(&empty), ClientError::Empty { path } if path == empty));
        assert!(matches!(error(&missing), ClientError::Read { path, .. } if path == missing));
        assert!(matches!(error(folder.path()), ClientError::Folder { .. }));
        assert!(error(&missing).to_string().contains("check the path"));
        for (path, word) in [
            (&empty, "is empty"),
            (&missing, "cannot read"),
            (&folder.path().to_path_buf(), "is a folder"),
        ] {
            let error = error(path);
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn pipes_devices_and_dangling_links_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let error = |path: &Path| Source::open(&[path.into()]).err().unwrap();
        let device = error(Path::new("/dev/zero"));
        assert!(device.to_string().contains("no regular file"), "{device}");
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(matches!(error(&socket), ClientError::Irregular { .. }));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("gone"), &link).unwrap();
        assert!(matches!(error(&link), ClientError::Read { .. }));
    }

    #[test]
    fn files_that_are_written_to_are_noticed_whatever_their_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let fresh = || {
            fs::write(&path, b"before").unwrap();
            let source = Source::open(std::slice::from_ref(&path)).unwrap();
            assert!(source.ensure_unchanged().is_ok());
            source
        };
        let changed = |source: &Source| {
            let error = source.ensure_unchanged().unwrap_err();
            assert!(matches!(&error, ClientError::Changed { path: p } if *p == path));
            assert!(error.to_string().contains("changed while it was read"));
        };
        // Later than the clock's step, as a writer that goes on would be.
        let source = fresh();
        let late = SystemTime::now() + std::time::Duration::from_secs(1);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(late)
            .unwrap();
        changed(&source);
        let source = fresh();
        let other = folder.path().join("other");
        fs::write(&other, b"behind").unwrap();
        fs::rename(&other, &path).unwrap();
        changed(&source);
        let source = fresh();
        fs::remove_file(&path).unwrap();
        changed(&source);
    }

    #[test]
    fn several_files_are_one_bundle_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = ["a", "b", "c"].map(|name| folder.path().join(name)).into();
        for (path, bytes) in paths.iter().zip([&b"one"[..], b"", b"three"]) {
            fs::write(path, bytes).unwrap();
        }
        let source = Source::open(&paths).unwrap();
        assert_eq!((source.length(), source.name()), (8, "3 files"));
        assert_eq!(source.directory().entry("c").unwrap().range(), 3..8);
        let mut bytes = Vec::new();
        source.reader().unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"onethree");
        let twice = [paths[0].clone(), paths[0].clone()];
        assert!(matches!(Source::open(&twice), Err(ClientError::Encode(_))));
        fs::write(&paths[2], b"thre").unwrap();
        let error = source.reader().unwrap().read_to_end(&mut Vec::new());
        let explained = source.explain(error.unwrap_err().into());
        assert!(matches!(explained, ClientError::Changed { path } if path == paths[2]));
    }
}
