//! The bytes to store: one file, or several as a bundle.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use ips_encoding::{Bundle, Directory};

use crate::error::ClientError;

/// Files that can be read and are not empty.
pub(crate) struct Source {
    paths: Vec<PathBuf>,
    bundle: Option<Bundle>,
    directory: Directory,
    name: String,
    length: u64,
}

impl Source {
    /// Looks at the files; opens each once, so that a later failure is a change.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self, ClientError> {
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let read = |source| ClientError::Read {
                path: path.clone(),
                source,
            };
            let meta = fs::metadata(path).map_err(read)?;
            if meta.is_dir() {
                return Err(ClientError::Folder { path: path.clone() });
            }
            File::open(path).map_err(read)?;
            files.push((name_of(path)?, meta.len()));
        }
        match files.as_slice() {
            [(name, length)] => {
                if *length == 0 {
                    return Err(ClientError::Empty {
                        path: paths[0].clone(),
                    });
                }
                Ok(Self {
                    paths: paths.into(),
                    bundle: None,
                    directory: Directory::named(name),
                    name: name.clone(),
                    length: *length,
                })
            }
            _ => {
                let name = format!("{} files", files.len());
                let bundle = Bundle::new(files).map_err(ips_encoding::EncodeError::from)?;
                if bundle.length() == 0 {
                    return Err(ClientError::Empty {
                        path: paths[0].clone(),
                    });
                }
                Ok(Self {
                    paths: paths.into(),
                    directory: bundle.directory().clone(),
                    length: bundle.length(),
                    bundle: Some(bundle),
                    name,
                })
            }
        }
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
        match &self.bundle {
            None => {
                let path = &self.paths[0];
                let file = File::open(path).map_err(|source| ClientError::Read {
                    path: path.clone(),
                    source,
                })?;
                Ok(Box::new(file))
            }
            Some(bundle) => Ok(Box::new(
                bundle.reader(|index| File::open(&self.paths[index])),
            )),
        }
    }
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
    }
}
