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
use crate::{
    error::ClientError,
    state::{sync_folder, write_error},
};

/// Encodes on a thread of its own; every slot is on the disk when it returns.
pub(crate) async fn encode(
    source: Source,
    erasure: ErasureParams,
    privacy: Privacy,
    folder: PathBuf,
    bar: ProgressBar,
) -> Result<Manifest, ClientError> {
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
) -> Result<Manifest, ClientError> {
    let options = EncodeOptions {
        directory: source.directory().clone(),
        ..EncodeOptions::new(erasure, privacy)
    };
    let mut encoder = Encoder::new(options, source.length(), &mut rand::rngs::OsRng)?;
    let size = encoder.layout().fragment_size();
    let mut reader = source.reader()?;
    let mut group: Option<GroupFiles> = None;
    let explain = |error| source.explain(error);
    while let Some(segment) = encoder.encode_segment(&mut reader).map_err(explain)? {
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
    source.ensure_unchanged()?;
    sync_folder(folder)?;
    Ok(encoder.finish()?.manifest)
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
            file.flush()
                .and_then(|()| file.get_ref().sync_data())
                .map_err(write_error(&path))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ips_encoding::SlotHasher;
    use std::fs;

    const ERASURE: ErasureParams = ErasureParams { data: 3, parity: 3 };

    async fn stage(source: Source, folder: &Path) -> Result<Manifest, ClientError> {
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
        let manifest = stage(Source::open(&[path]).unwrap(), folder.path())
            .await
            .unwrap();
        let layout = *manifest.layout();
        assert_eq!((layout.segments(), layout.groups()), (2, 1));
        for slot in 0..6 {
            let file =
                StagedSlot::new(folder.path(), 0, SlotIndex(slot), layout.fragment_size()).path;
            let mut hasher = SlotHasher::new();
            assert!(hasher.push(&fs::read(file).unwrap()));
            let root = hasher.finish().unwrap().root();
            assert_eq!(Some(root), manifest.slot_root(0, slot));
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
                matches!(&error, ClientError::Changed { path: changed } if *changed == path),
                "{error}"
            );
        }
        fs::write(&path, vec![1; 100]).unwrap();
        let source = Source::open(std::slice::from_ref(&path)).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, vec![2; 100]).unwrap();
        let error = stage(source, folder.path()).await.unwrap_err();
        assert!(matches!(error, ClientError::Changed { .. }), "{error}");
    }

    #[tokio::test]
    async fn every_border_of_a_fragment_size_is_staged_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for border in [1, 3 * 8192, 3 * 16384, 3 * 32768] {
            for length in [border - 1, border, border + 1]
                .into_iter()
                .filter(|n| *n > 0)
            {
                fs::write(&path, vec![7; length]).unwrap();
                let manifest = stage(
                    Source::open(std::slice::from_ref(&path)).unwrap(),
                    folder.path(),
                )
                .await
                .unwrap();
                let layout = *manifest.layout();
                assert_eq!(layout.length(), u64::try_from(length).unwrap());
                for slot in 0..6 {
                    let size = layout.fragment_size();
                    let staged = StagedSlot::new(folder.path(), 0, SlotIndex(slot), size).path;
                    assert_eq!(fs::metadata(staged).unwrap().len(), layout.slot_bytes(0));
                }
            }
        }
    }
}
