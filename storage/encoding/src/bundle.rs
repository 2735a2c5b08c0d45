//! Several small files packed into one stored file, with a directory of names.
//!
//! Goal: a 1-byte file does not cost a whole segment; names are safe to create on any disk under a
//! target folder. Non-goal: attributes, links, empty folders.

use std::{
    collections::BTreeSet,
    io::{self, Read},
    ops::Range,
};

use serde::{Deserialize, Serialize};

/// Most entries of one bundle.
pub const ENTRIES_MAX: usize = 4096;
/// Most bytes of one name.
pub const NAME_BYTES_MAX: usize = 255;

/// What is wrong with names or contents of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// No entries.
    #[error("a bundle needs at least one file")]
    NoEntries,
    /// Too many entries.
    #[error("{got} files are too many for one bundle; use at most {ENTRIES_MAX}")]
    TooManyEntries {
        /// Entries given.
        got: usize,
    },
    /// A name is empty, too long, absolute, or leads out of its folder.
    #[error("the name of file {index} is unsafe; use a relative path of at most 255 bytes")]
    Name {
        /// Position of the file.
        index: usize,
    },
    /// A name appears twice, or is both a file and a folder.
    #[error("the name of file {index} is taken by another one; rename it")]
    NameTaken {
        /// Position of the file.
        index: usize,
    },
    /// Offsets and lengths do not tile the stored file.
    #[error("the directory does not fit the length of the file; it is damaged")]
    Extent,
    /// A file was shorter or longer than announced.
    #[error("file {index} changed while it was read; store it again")]
    Changed {
        /// Position of the file.
        index: usize,
    },
}

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Relative path with `/` between its parts.
    pub name: String,
    /// First byte in the bundle.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
}

impl Entry {
    /// The entry's bytes in the bundle.
    pub const fn range(&self) -> Range<u64> {
        self.offset..self.offset.saturating_add(self.length)
    }
}

/// Names of a stored file: its own, or those of the files packed in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// The original file name, without folders.
    pub name: Option<String>,
    /// The files of a bundle, in order; empty for a single file.
    pub entries: Vec<Entry>,
}

impl Directory {
    /// The directory of a single file.
    pub fn named(name: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            entries: Vec::new(),
        }
    }

    /// The entry of a name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Checks names and extents against the stored file's length.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn validate(&self, length: u64) -> Result<(), BundleError> {
        if let Some(name) = &self.name {
            if name.contains('/') || !is_safe_name(name) {
                return Err(BundleError::Name { index: 0 });
            }
        }
        if self.entries.len() > ENTRIES_MAX {
            return Err(BundleError::TooManyEntries {
                got: self.entries.len(),
            });
        }
        let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
        let mut end = 0u64;
        for (
            index,
            Entry {
                name,
                offset,
                length,
            },
        ) in self.entries.iter().enumerate()
        {
            if !is_safe_name(name) {
                return Err(BundleError::Name { index });
            }
            let parents = name.match_indices('/').map(|(at, _)| &name[..at]);
            let clash = parents.clone().any(|folder| files.contains(folder));
            if clash || folders.contains(name.as_str()) || !files.insert(name.as_str()) {
                return Err(BundleError::NameTaken { index });
            }
            folders.extend(parents);
            if *offset != end {
                return Err(BundleError::Extent);
            }
            end = end.checked_add(*length).ok_or(BundleError::Extent)?;
        }
        if !self.entries.is_empty() && end != length {
            return Err(BundleError::Extent);
        }
        Ok(())
    }
}

fn is_safe_name(name: &str) -> bool {
    let safe_part = |part: &str| !part.is_empty() && part != "." && part != "..";
    let has_drive = name.as_bytes().get(1) == Some(&b':');
    name.len() <= NAME_BYTES_MAX
        && !has_drive
        && name.split('/').all(safe_part)
        && !name.chars().any(|c| c == '\\' || c.is_control())
}

/// A checked list of files to pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    directory: Directory,
    length: u64,
}

impl Bundle {
    /// Lays files out one after the other; `files` are names and lengths.
    ///
    /// # Errors
    /// If there is no file or too many, or a name is unsafe or taken.
    pub fn new(files: impl IntoIterator<Item = (String, u64)>) -> Result<Self, BundleError> {
        let mut entries = Vec::new();
        let mut end = 0u64;
        for (name, length) in files {
            // One too many is kept, so that the check below counts honestly and memory is bounded.
            if entries.len() > ENTRIES_MAX {
                break;
            }
            entries.push(Entry {
                name,
                offset: end,
                length,
            });
            end = end.checked_add(length).ok_or(BundleError::Extent)?;
        }
        if entries.is_empty() {
            return Err(BundleError::NoEntries);
        }
        let directory = Directory {
            name: None,
            entries,
        };
        directory.validate(end)?;
        Ok(Self {
            directory,
            length: end,
        })
    }

    /// Bytes of all files.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The directory, for [`crate::EncodeOptions`].
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The bundle as one stream; `open` opens the file at a position when its turn comes.
    pub fn reader<R: Read, F: FnMut(usize) -> io::Result<R>>(
        &self,
        open: F,
    ) -> BundleReader<'_, R, F> {
        BundleReader {
            entries: &self.directory.entries,
            next: 0,
            current: None,
            open,
        }
    }
}

/// Reads the files of a bundle one after the other and checks that each has its announced length.
#[derive(Debug)]
pub struct BundleReader<'a, R, F> {
    entries: &'a [Entry],
    next: usize,
    current: Option<(R, u64)>,
    open: F,
}

impl<R: Read, F: FnMut(usize) -> io::Result<R>> Read for BundleReader<'_, R, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let Some((file, left)) = &mut self.current else {
                let Some(entry) = self.entries.get(self.next) else {
                    return Ok(0);
                };
                self.current = Some(((self.open)(self.next)?, entry.length));
                self.next += 1;
                continue;
            };
            let changed = || {
                io::Error::other(BundleError::Changed {
                    index: self.next - 1,
                })
            };
            if *left == 0 {
                if read_some(file, &mut [0])? != 0 {
                    return Err(changed());
                }
                self.current = None;
                continue;
            }
            let most = usize::try_from(*left).unwrap_or(usize::MAX).min(buf.len());
            let got = read_some(file, &mut buf[..most])?;
            if got == 0 {
                return Err(changed());
            }
            *left = left.saturating_sub(u64::try_from(got).unwrap_or(u64::MAX));
            return Ok(got);
        }
    }
}

/// One read that a signal does not end.
fn read_some(reader: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buf) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(names: &[&str]) -> Result<Bundle, BundleError> {
        Bundle::new(names.iter().map(|name| ((*name).to_owned(), 3)))
    }

    #[test]
    fn names_that_escape_or_clash_are_refused() {
        let long = "x".repeat(256);
        let unsafe_names = [
            "", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a\\b", "c:a", "a\0b", "a\nb",
        ];
        for name in unsafe_names.into_iter().chain([long.as_str()]) {
            assert_eq!(
                bundle(&["ok", name]),
                Err(BundleError::Name { index: 1 }),
                "{name:?}"
            );
        }
        for clash in [["a", "a"], ["a", "a/b"], ["a/b", "a"], ["a/b/c", "a/b"]] {
            assert_eq!(bundle(&clash), Err(BundleError::NameTaken { index: 1 }));
        }
        for fine in ["...", "a b", ".hidden", "ü/ö", &long[..255]] {
            assert_eq!(bundle(&[fine]).map(|b| b.length()), Ok(3), "{fine:?}");
        }
    }

    #[test]
    fn number_of_entries_is_bounded() {
        let files = |n: usize| (0..n).map(|i| (format!("f{i}"), 1));
        assert_eq!(Bundle::new(files(ENTRIES_MAX)).unwrap().length(), 4096);
        let refused = Bundle::new(files(ENTRIES_MAX * 3));
        assert_eq!(
            refused,
            Err(BundleError::TooManyEntries {
                got: ENTRIES_MAX + 1
            })
        );
        assert_eq!(Bundle::new([]), Err(BundleError::NoEntries));
        let huge = [("a".to_owned(), u64::MAX), ("b".to_owned(), 1)];
        assert_eq!(Bundle::new(huge), Err(BundleError::Extent));
    }

    #[test]
    fn directories_must_tile_the_file() {
        let entry = |name: &str, offset, length| Entry {
            name: name.to_owned(),
            offset,
            length,
        };
        let check = |entries, length| {
            Directory {
                name: None,
                entries,
            }
            .validate(length)
        };
        assert_eq!(check(vec![entry("a", 0, 2), entry("b", 2, 3)], 5), Ok(()));
        for bad in [
            vec![entry("a", 1, 4)],
            vec![entry("a", 0, 4)],
            vec![entry("a", 0, 6)],
            vec![entry("a", 0, 3), entry("b", 2, 3)],
            vec![entry("a", 0, u64::MAX), entry("b", u64::MAX, 6)],
        ] {
            assert_eq!(check(bad, 5), Err(BundleError::Extent));
        }
        assert_eq!(
            Directory::named("a/b").validate(5),
            Err(BundleError::Name { index: 0 })
        );
    }

    #[test]
    fn the_stream_is_the_files_in_order() {
        let files: [&[u8]; 4] = [b"one", b"", b"three", b""];
        let names = files
            .iter()
            .enumerate()
            .map(|(i, f)| (format!("f{i}"), f.len() as u64));
        let bundle = Bundle::new(names).unwrap();
        let mut out = Vec::new();
        bundle
            .reader(|i| Ok(files[i]))
            .read_to_end(&mut out)
            .unwrap();
        assert_eq!(out, b"onethree");
        assert_eq!(bundle.directory().entry("f2").unwrap().range(), 3..8);
    }

    #[test]
    fn files_that_changed_are_named() {
        for (index, other) in [(1, &b"tw"[..]), (1, b"twoo"), (0, b"on"), (0, b"onee")] {
            let bundle = bundle(&["a", "b"]).unwrap();
            let mut files: [&[u8]; 2] = [b"one", b"two"];
            files[index] = other;
            let error = bundle
                .reader(|i| Ok(files[i]))
                .read_to_end(&mut Vec::new())
                .unwrap_err();
            let inner = error
                .get_ref()
                .and_then(|e| e.downcast_ref::<BundleError>());
            assert_eq!(inner, Some(&BundleError::Changed { index }));
        }
    }
}
