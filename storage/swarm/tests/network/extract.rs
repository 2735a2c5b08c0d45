//! Proofs of extract and their payment.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use ips_primitives::{
    id::{AgreementId, ProviderId, Signature},
    retrieval::{ExtractRequest, Voucher},
};
use ips_swarm::{extract_signing_bytes, FetchError, Refusal};

use crate::support::{pair, slot, within, GENESIS, QUIC};

fn request(nonce: u64) -> ExtractRequest {
    ExtractRequest {
        agreement: AgreementId(1),
        provider: ProviderId([2; 32]),
        slot: slot(1),
        offset: 0,
        length: 1000,
        nonce,
        block: 9,
    }
}

fn voucher(request: ExtractRequest) -> Voucher {
    Voucher {
        genesis: GENESIS,
        request,
        cumulative_bytes: 1000,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_proof_arrives_and_is_paid() {
    let (server, client) = pair(QUIC, |config| {
        config.timeouts.keep_alive = Duration::from_millis(100);
        // A proof takes longer than any frame may: keep-alives carry it.
        config.timeouts.frame = Duration::from_millis(700);
    })
    .await;
    server.service.proof_millis.store(1500, Ordering::SeqCst);
    let began = Instant::now();
    let asked = client
        .swarm
        .extract(server.peer(), request(7), [5; 32], Signature([6; 64]));
    let session = within(asked).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(1500));
    assert_eq!(session.proof().0[..32], [5; 32]);
    assert_eq!(session.proof().0[32..], [7; 160]);
    within(session.send_voucher(voucher(request(7)), Signature([8; 64])))
        .await
        .unwrap();
    assert_eq!(
        *server.service.vouchers.lock().unwrap(),
        vec![voucher(request(7))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn voucher_for_another_request_is_refused() {
    let (server, client) = pair(QUIC, |_| {}).await;
    let asked = client
        .swarm
        .extract(server.peer(), request(1), [5; 32], Signature([6; 64]));
    let session = within(asked).await.unwrap();
    let paid = within(session.send_voucher(voucher(request(2)), Signature([8; 64]))).await;
    assert_eq!(paid, Err(FetchError::Refused(Refusal::Unauthorised)));
    assert!(server.service.vouchers.lock().unwrap().is_empty());
    *server.service.refuse.lock().unwrap() = Some(Refusal::Unauthorised);
    let asked = client
        .swarm
        .extract(server.peer(), request(3), [5; 32], Signature([6; 64]));
    let refused = within(asked).await.map(|_| ());
    assert_eq!(refused, Err(FetchError::Refused(Refusal::Unauthorised)));
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_proof_ends_at_the_limit() {
    let (server, client) = pair(QUIC, |config| {
        config.timeouts.keep_alive = Duration::from_millis(50);
        config.timeouts.extract = Duration::from_millis(500);
    })
    .await;
    server
        .service
        .proof_millis
        .store(u32::MAX, Ordering::SeqCst);
    let asked = client
        .swarm
        .extract(server.peer(), request(1), [5; 32], Signature([6; 64]));
    let ended = within(asked).await.map(|_| ());
    assert_eq!(
        ended,
        Err(FetchError::Timeout {
            peer: server.peer()
        })
    );
}

#[test]
fn signed_bytes_bind_chain_and_request() {
    let base = extract_signing_bytes(&GENESIS, &request(1));
    assert_ne!(base, extract_signing_bytes(&GENESIS, &request(2)));
    assert_ne!(
        base,
        extract_signing_bytes(&ips_primitives::id::Genesis([0; 32]), &request(1))
    );
}
