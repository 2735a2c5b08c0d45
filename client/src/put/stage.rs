//! Encoding a source into slot files, one segment in memory.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use indicatif::ProgressBar;
use ips_encoding::{EncodeOptions, EncodedSegment, Encoder, Manifest, Privacy};
use ips_engine::upload::StagedSlot;
use ips_primitives::{
    fragment::{ErasureParams, FragmentSize},
    id::SlotIndex,
};

use super::source::Source;
use crate::{error::ClientError, state::write_error};

/// A source whose slots are all staged.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) manifest: Manifest,
}

/// Encodes on a thread of its own.
pub(crate) async fn encode(
    source: Source,
    erasure: ErasureParams,
    privacy: Privacy,
    folder: PathBuf,
    bar: ProgressBar,
) -> Result<Staged, ClientError> {
    let work = move || encode_into(&source, erasure, privacy, &folder, &bar);
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ClientError::Worker)?
}

fn encode_into(
    source: &Source,
    erasure: ErasureParams,
    privacy: Privacy,
    folder: &Path,
    bar: &ProgressBar,
) -> Result<Staged, ClientError> {
    let options = EncodeOptions {
        directory: source.directory().clone(),
        ..EncodeOptions::new(erasure, privacy)
    };
    let mut encoder = Encoder::new(options, source.length(), &mut rand::rngs::OsRng)?;
    let size = encoder.layout().fragment_size();
    let mut reader = source.reader()?;
    let mut group: Option<GroupFiles> = None;
    while let Some(segment) = encoder.encode_segment(&mut reader)? {
        let files = match group.take() {
            Some(files) if files.group == segment.group => group.insert(files),
            done => {
                done.map_or(Ok(()), GroupFiles::finish)?;
                group.insert(GroupFiles::create(folder, &segment, size)?)
            }
        };
        files.push(&segment)?;
        bar.set_position(encoder.layout().segment_range(segment.index).end);
    }
    group.map_or(Ok(()), GroupFiles::finish)?;
    bar.finish_and_clear();
    Ok(Staged {
        manifest: encoder.finish()?.manifest,
    })
}

/// The slot files of the group that is being written.
struct GroupFiles {
    group: u16,
    slots: Vec<(PathBuf, BufWriter<File>)>,
}

impl GroupFiles {
    fn create(
        folder: &Path,
        segment: &EncodedSegment,
        size: FragmentSize,
    ) -> Result<Self, ClientError> {
        let mut slots = Vec::with_capacity(segment.fragments.len());
        for slot in (0u16..).take(segment.fragments.len()) {
            let path = StagedSlot::new(folder, segment.group, SlotIndex(slot), size).path;
            let file = File::create(&path).map_err(write_error(&path))?;
            slots.push((path, BufWriter::new(file)));
        }
        Ok(Self {
            group: segment.group,
            slots,
        })
    }

    fn push(&mut self, segment: &EncodedSegment) -> Result<(), ClientError> {
        for ((path, file), fragment) in self.slots.iter_mut().zip(&segment.fragments) {
            file.write_all(fragment).map_err(write_error(path))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), ClientError> {
        for (path, mut file) in self.slots {
            file.flush().map_err(write_error(&path))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ips_encoding::{EncodeError, SlotHasher};
    use std::fs;

    const ERASURE: ErasureParams = ErasureParams { data: 3, parity: 3 };

    async fn stage(source: Source, folder: &Path) -> Result<Staged, ClientError> {
        encode(
            source,
            ERASURE,
            Privacy::Public,
            folder.into(),
            ProgressBar::hidden(),
        )
        .await
    }

    #[tokio::test]
    async fn staged_slots_have_the_roots_of_the_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let bytes: Vec<u8> = (0..900_000u32).map(|i| (i % 251) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let staged = stage(Source::open(&[path]).unwrap(), folder.path())
            .await
            .unwrap();
        let layout = *staged.manifest.layout();
        assert_eq!((layout.segments(), layout.groups()), (2, 1));
        for slot in 0..6 {
            let file =
                StagedSlot::new(folder.path(), 0, SlotIndex(slot), layout.fragment_size()).path;
            let mut hasher = SlotHasher::new();
            assert!(hasher.push(&fs::read(file).unwrap()));
            let root = hasher.finish().unwrap().root();
            assert_eq!(Some(root), staged.manifest.slot_root(0, slot));
        }
    }

    #[tokio::test]
    async fn file_that_changes_while_it_is_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (before, after) in [(100, 99), (100, 101)] {
            fs::write(&path, vec![1; before]).unwrap();
            let source = Source::open(std::slice::from_ref(&path)).unwrap();
            fs::write(&path, vec![1; after]).unwrap();
            let error = stage(source, folder.path()).await.unwrap_err();
            assert!(
                matches!(
                    error,
                    ClientError::Encode(EncodeError::FileChanged { expected: 100, .. })
                ),
                "{error}"
            );
            assert!(error.to_string().contains("changed while it was read"));
        }
    }
}
