//! Fragments, manifests and status of a peer.

use ips_primitives::{
    hash::sha2_256,
    id::{FileId, FragmentId},
};

use super::exchange::Exchange;
use crate::{
    error::FetchError,
    handle::Swarm,
    peer::PeerId,
    protocols::fragment::{
        wire::{Answer, Request},
        DATA_BYTES, FRAGMENT_BYTES_MAX, MANIFEST_BYTES_MAX, SOFTWARE_BYTES_MAX,
    },
};

/// How often a broken transfer is taken up again where it stopped.
const RESUMPTIONS: u32 = 3;

/// Part of a fragment. Not verified: only a whole fragment can be checked against its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentRange {
    /// The bytes; fewer than asked for only at the fragment's end.
    pub bytes: Vec<u8>,
    /// Length of the whole fragment, as the peer says.
    pub total_bytes: u32,
    /// The peer's load in 1/1000.
    pub load_permille: u16,
}

/// What a peer says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// Name and version of its software; as sent, so print it with care.
    pub software: String,
    /// Its load in 1/1000.
    pub load_permille: u16,
    /// Bytes it has for new slots.
    pub free_bytes: u64,
}

impl Swarm {
    /// Fetches a fragment and checks it: length and SHA2-256.
    ///
    /// A transfer that breaks is resumed where it stopped, a few times.
    ///
    /// # Errors
    /// [`FetchError::Corrupt`] names a peer whose bytes are wrong; see there for the others.
    pub async fn fetch_fragment(
        &self,
        peer: PeerId,
        id: FragmentId,
        expected_bytes: u32,
    ) -> Result<Vec<u8>, FetchError> {
        if expected_bytes > FRAGMENT_BYTES_MAX {
            return Err(FetchError::TooLarge);
        }
        let swarm = self.clone();
        self.on_swarm(async move { swarm.whole_fragment(peer, id, expected_bytes).await })
            .await
    }

    /// Fetches `length` bytes of a fragment from `offset` on, unverified.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn fetch_range(
        &self,
        peer: PeerId,
        id: FragmentId,
        offset: u32,
        length: u32,
    ) -> Result<FragmentRange, FetchError> {
        let swarm = self.clone();
        self.on_swarm(async move {
            let mut bytes = Vec::new();
            let (total_bytes, load_permille) = swarm
                .append_range(peer, id, offset, length, &mut bytes)
                .await?;
            Ok(FragmentRange {
                bytes,
                total_bytes,
                load_permille,
            })
        })
        .await
    }

    /// Fetches the manifest of a file and checks it against the file's name.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn fetch_manifest(&self, peer: PeerId, file: FileId) -> Result<Vec<u8>, FetchError> {
        let swarm = self.clone();
        self.on_swarm(async move {
            let request = Request::FetchManifest { file };
            let limit = swarm.timeouts().answer;
            let (mut exchange, header) = Exchange::begin(&swarm, peer, &request, limit).await?;
            let Answer::Header {
                total_bytes,
                load_permille,
            } = header
            else {
                return Err(exchange.broken("no header"));
            };
            swarm.note_load(peer, load_permille);
            if total_bytes > MANIFEST_BYTES_MAX {
                return Err(FetchError::TooLarge);
            }
            let mut bytes = Vec::new();
            exchange.keep_pace(swarm.timeouts().manifest_pace());
            exchange.append_data(total_bytes, &mut bytes).await?;
            if sha2_256(&[&bytes]) != file.0 {
                return Err(FetchError::Corrupt { peer });
            }
            Ok(bytes)
        })
        .await
    }

    /// Asks a peer how it is.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn status(&self, peer: PeerId) -> Result<PeerStatus, FetchError> {
        let swarm = self.clone();
        self.on_swarm(async move {
            let limit = swarm.timeouts().answer;
            let (exchange, answer) = Exchange::begin(&swarm, peer, &Request::Status, limit).await?;
            let Answer::Status {
                mut software,
                load_permille,
                free_bytes,
            } = answer
            else {
                return Err(exchange.broken("no status"));
            };
            swarm.note_load(peer, load_permille);
            software.truncate(SOFTWARE_BYTES_MAX);
            let software = String::from_utf8_lossy(&software).into_owned();
            Ok(PeerStatus {
                software,
                load_permille,
                free_bytes,
            })
        })
        .await
    }

    async fn whole_fragment(
        &self,
        peer: PeerId,
        id: FragmentId,
        expected: u32,
    ) -> Result<Vec<u8>, FetchError> {
        let mut bytes = Vec::new();
        let mut resumptions = 0;
        loop {
            let offset = length_of(&bytes);
            let rest = expected.saturating_sub(offset);
            match self.append_range(peer, id, offset, rest, &mut bytes).await {
                Ok((total, _)) if total != expected => return Err(FetchError::Corrupt { peer }),
                Ok(_) => break,
                Err(FetchError::Closed)
                    if resumptions < RESUMPTIONS && length_of(&bytes) > offset =>
                {
                    resumptions += 1;
                }
                Err(error) => return Err(error),
            }
        }
        if sha2_256(&[&bytes]) != id.0 {
            return Err(FetchError::Corrupt { peer });
        }
        Ok(bytes)
    }

    /// Appends a range to `bytes`, also when it breaks off; returns the whole length and the load.
    async fn append_range(
        &self,
        peer: PeerId,
        fragment: FragmentId,
        offset: u32,
        length: u32,
        bytes: &mut Vec<u8>,
    ) -> Result<(u32, u16), FetchError> {
        let limit = self.timeouts().answer;
        let transfer = async {
            let request = Request::Fetch {
                fragment,
                offset,
                length,
            };
            let (mut exchange, header) = Exchange::begin(self, peer, &request, limit).await?;
            let Answer::Header {
                total_bytes,
                load_permille,
            } = header
            else {
                return Err(exchange.broken("no header"));
            };
            self.note_load(peer, load_permille);
            if total_bytes > FRAGMENT_BYTES_MAX {
                return Err(FetchError::Corrupt { peer });
            }
            let length = length.min(total_bytes.saturating_sub(offset));
            exchange.append_data(length, bytes).await?;
            Ok((total_bytes, load_permille))
        };
        // A fragment is small: together with the frame limit this stops a peer that drips.
        tokio::time::timeout(limit, transfer)
            .await
            .map_err(|_| FetchError::Timeout { peer })?
    }
}

impl Exchange {
    /// Appends exactly `length` bytes of data frames.
    async fn append_data(&mut self, length: u32, bytes: &mut Vec<u8>) -> Result<(), FetchError> {
        let mut rest = usize::try_from(length).map_err(|_| FetchError::TooLarge)?;
        while rest > 0 {
            let Answer::Data(part) = self.answer().await? else {
                return Err(self.broken("no data"));
            };
            // Full frames only, so that nobody drags a transfer out with tiny ones.
            if part.len() != rest.min(DATA_BYTES) {
                return Err(self.broken("data frame of another length"));
            }
            rest -= part.len();
            bytes.extend_from_slice(&part);
        }
        Ok(())
    }
}

fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
