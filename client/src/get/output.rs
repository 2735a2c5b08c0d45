//! Where a file's bytes go: standard output, one file, or the files of a bundle.
//!
//! Every file is written beside its place and renamed when it is whole and on the disk, so that a break
//! leaves no half file under the final name. A pipe or a device that is named is written to as it is, and
//! never replaced.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, Write},
    ops::Range,
    path::{Path, PathBuf},
};

use ips_encoding::Directory;
use ips_primitives::id::FileId;

use crate::{
    cli::GetArgs,
    error::ClientError,
    state::{sync_folder, write_error},
};

/// A file that is being written under another name.
struct Part {
    path: PathBuf,
    beside: PathBuf,
    file: File,
}

/// Takes the bytes in order.
pub(crate) struct Output {
    target: Target,
    /// The final place, for messages; `-` is standard output.
    place: PathBuf,
}

enum Target {
    Stdout,
    /// A pipe or a device.
    Stream(File),
    One(Part),
    Many(Many),
}

/// The files of a bundle: those to come, the one that is open, those that are whole.
struct Many {
    waiting: VecDeque<(PathBuf, u64)>,
    open: Option<(Part, u64)>,
    whole: Vec<Part>,
}

impl Output {
    /// Opens the output that the command line asks for.
    ///
    /// A bundle as a whole goes into a folder; a file into a folder that exists keeps its name. Nothing
    /// that exists is overwritten unless `-o` names it.
    pub(crate) fn create(
        args: &GetArgs,
        directory: &Directory,
        file: &FileId,
        range: &Range<u64>,
    ) -> Result<Self, ClientError> {
        let is_bundle =
            !directory.entries.is_empty() && args.entry.is_none() && args.range.is_none();
        let own = default_place(args, directory, file);
        let (place, is_named) = match &args.output {
            Some(folder) if !is_bundle && folder.is_dir() => (folder.join(own), false),
            Some(place) => (place.clone(), true),
            None => (own, false),
        };
        if place == Path::new("-") {
            return Ok(Self {
                target: Target::Stdout,
                place,
            });
        }
        if !is_named && place.exists() {
            return Err(ClientError::Exists { path: place });
        }
        let is_stream = fs::metadata(&place).is_ok_and(|meta| !meta.is_file() && !meta.is_dir());
        let target = if is_stream {
            let stream = File::options().write(true).open(&place);
            Target::Stream(stream.map_err(write_error(&place))?)
        } else if is_bundle {
            let many = Many::new(directory, &place);
            debug_assert_eq!(
                many.waiting.iter().map(|(_, length)| length).sum::<u64>(),
                range.end
            );
            Target::Many(many)
        } else {
            Target::One(Part::create(&place).map_err(write_error(&place))?)
        };
        Ok(Self { target, place })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.target {
            Target::Stdout => io::stdout().write_all(bytes),
            Target::Stream(stream) => stream.write_all(bytes),
            Target::One(part) => part.file.write_all(bytes),
            Target::Many(many) => many.write(bytes),
        }
    }

    /// Gives every file its name; returns the place.
    pub(crate) fn finish(self) -> Result<String, ClientError> {
        let Self { target, place } = self;
        let folder = match &target {
            Target::Stdout | Target::Stream(_) => None,
            Target::One(_) => Some(folder_of(&place)),
            Target::Many(_) => Some(place.clone()),
        };
        let done = match target {
            Target::Stdout => io::stdout().flush(),
            Target::Stream(mut stream) => stream.flush(),
            Target::One(part) => part.keep(),
            Target::Many(many) => many.finish(),
        };
        done.map_err(write_error(&place))?;
        if let Some(folder) = folder {
            sync_folder(&folder)?;
        }
        Ok(place.display().to_string())
    }

    /// The error for a failed write.
    pub(crate) fn write_error(self, source: io::Error) -> ClientError {
        ClientError::Write {
            path: self.place.clone(),
            source,
        }
    }
}

fn folder_of(path: &Path) -> PathBuf {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_path_buf()
}

/// The name the owner gave, else the file id; names were checked to hold no path.
fn default_place(args: &GetArgs, directory: &Directory, file: &FileId) -> PathBuf {
    let entry = args
        .entry
        .as_deref()
        .and_then(|name| name.rsplit('/').next());
    let name = entry.or(directory.name.as_deref()).map(str::to_owned);
    PathBuf::from(name.unwrap_or_else(|| hex::encode(file.0)))
}

impl Part {
    fn create(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder_of(path))?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".part-{:08x}", rand::random::<u32>()));
        let beside = path.with_file_name(name);
        Ok(Self {
            path: path.into(),
            file: File::create(&beside)?,
            beside,
        })
    }

    fn keep(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.beside, &self.path)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.beside);
    }
}

impl Many {
    fn new(directory: &Directory, folder: &Path) -> Self {
        let waiting = directory
            .entries
            .iter()
            .map(|entry| (folder.join(&entry.name), entry.length));
        Self {
            waiting: waiting.collect(),
            open: None,
            whole: Vec::new(),
        }
    }

    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.advance()?;
            let Some((part, left)) = &mut self.open else {
                return Err(io::Error::other("more bytes than the bundle's files have"));
            };
            let take = usize::try_from(*left)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            part.file.write_all(&bytes[..take])?;
            *left -= u64::try_from(take).unwrap_or(0);
            bytes = &bytes[take..];
        }
        Ok(())
    }

    /// Opens the next file that has room; makes empty ones on the way.
    fn advance(&mut self) -> io::Result<()> {
        while self.open.as_ref().is_none_or(|(_, left)| *left == 0) {
            if let Some((part, _)) = self.open.take() {
                self.whole.push(part);
            }
            let Some((path, length)) = self.waiting.pop_front() else {
                return Ok(());
            };
            self.open = Some((Part::create(&path)?, length));
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.advance()?;
        if self.open.is_some() {
            return Err(io::Error::other("fewer bytes than the bundle's files have"));
        }
        self.whole.into_iter().try_for_each(Part::keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;
    use ips_encoding::Bundle;

    fn args(words: &[&str]) -> GetArgs {
        let id = "01".repeat(32);
        let cli = Cli::try_parse_from([&["ips", "get", &id], words].concat()).unwrap();
        let Command::Get(args) = cli.command else {
            panic!("get")
        };
        args
    }

    #[test]
    fn file_appears_under_its_name_only_when_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("out");
        let args = args(&["-o", place.to_str().unwrap()]);
        let open = || Output::create(&args, &Directory::named("x"), &FileId([1; 32]), &(0..4));
        let mut broken = open().unwrap();
        broken.write(b"ab").unwrap();
        assert!(!place.exists());
        drop(broken);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut whole = open().unwrap();
        whole.write(b"ab").unwrap();
        whole.write(b"cd").unwrap();
        assert_eq!(whole.finish().unwrap(), place.display().to_string());
        assert_eq!(fs::read(&place).unwrap(), b"abcd");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn full_disk_is_told_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("out");
        let mut part = Part::create(&place).unwrap();
        // A device that is always full stands for a disk that fills up in the middle.
        part.file = File::options().write(true).open("/dev/full").unwrap();
        let target = Target::One(part);
        let mut output = Output {
            target,
            place: place.clone(),
        };
        let source = output.write(b"abc").unwrap_err();
        let error = output.write_error(source);
        let text = error.to_string();
        assert!(
            text.contains("No space left") && text.contains("check space"),
            "{text}"
        );
        assert!(text.contains(place.to_str().unwrap()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_written_to_and_never_replaced() {
        let args = args(&["-o", "/dev/null"]);
        let mut output =
            Output::create(&args, &Directory::named("x"), &FileId([1; 32]), &(0..4)).unwrap();
        output.write(b"abcd").unwrap();
        assert_eq!(output.finish().unwrap(), "/dev/null");
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn file_goes_into_a_folder_under_its_own_name_and_replaces_nothing_there() {
        let folder = tempfile::tempdir().unwrap();
        let args = args(&["-o", folder.path().to_str().unwrap()]);
        let open = || Output::create(&args, &Directory::named("x"), &FileId([1; 32]), &(0..2));
        let mut output = open().unwrap();
        output.write(b"ab").unwrap();
        output.finish().unwrap();
        assert_eq!(fs::read(folder.path().join("x")).unwrap(), b"ab");
        assert!(matches!(open(), Err(ClientError::Exists { .. })));
    }

    #[test]
    fn bundle_is_cut_into_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let files = [("a", 3), ("empty", 0), ("sub/b", 5)];
        let bundle = Bundle::new(files.map(|(name, length)| (name.to_owned(), length))).unwrap();
        let args = args(&["-o", folder.path().to_str().unwrap()]);
        let mut output =
            Output::create(&args, bundle.directory(), &FileId([1; 32]), &(0..8)).unwrap();
        for bytes in [&b"on"[..], b"eth", b"ree"] {
            output.write(bytes).unwrap();
        }
        output.finish().unwrap();
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"one");
        assert_eq!(fs::read(folder.path().join("empty")).unwrap(), b"");
        assert_eq!(fs::read(folder.path().join("sub/b")).unwrap(), b"three");
    }

    #[test]
    fn default_name_is_the_owners_then_the_id() {
        let id = FileId([1; 32]);
        let named = Directory::named("photo.jpg");
        assert_eq!(
            default_place(&args(&[]), &named, &id),
            Path::new("photo.jpg")
        );
        let entry = args(&["--entry", "sub/notes.txt"]);
        assert_eq!(default_place(&entry, &named, &id), Path::new("notes.txt"));
        let nameless = default_place(&args(&[]), &Directory::default(), &id);
        assert_eq!(nameless, Path::new(&"01".repeat(32)));
    }
}
