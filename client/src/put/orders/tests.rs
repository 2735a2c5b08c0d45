//! Orders on a market that forgets, refuses and closes.

use std::sync::Mutex;

use super::*;
use ips_encoding::{EncodeError, EncodeOptions, Encoder, Privacy};
use ips_primitives::{
    fragment::{ErasureParams, FragmentSize},
    id::SlotIndex,
    view::SlotView,
};

const ME: AccountKey = AccountKey([1; 32]);
const TERMS: OrderTerms = OrderTerms {
    price: 7,
    duration: 10,
    delivery_key: ME,
};

/// Orders by id; `refuse_after` orders, the next ones are refused.
#[derive(Default)]
struct Double {
    orders: Mutex<Vec<Option<OrderView>>>,
    cancelled: Mutex<Vec<OrderId>>,
    refuse_after: Option<usize>,
}

#[async_trait]
impl Market for Double {
    fn client(&self) -> AccountKey {
        ME
    }

    async fn order(&self, id: OrderId) -> Result<Option<OrderView>, ChainError> {
        let orders = self.orders.lock().unwrap();
        Ok(orders.get(id.0 as usize).cloned().flatten())
    }

    async fn orders_of(&self, file: FileId) -> Result<Vec<OrderView>, ChainError> {
        let orders = self.orders.lock().unwrap();
        let of_file = orders.iter().flatten().filter(|o| o.params.file == file);
        Ok(of_file.cloned().collect())
    }

    async fn place(&self, params: OrderParams) -> Result<Option<OrderId>, ChainError> {
        let mut orders = self.orders.lock().unwrap();
        if self.refuse_after.is_some_and(|most| orders.len() >= most) {
            return Err(ChainError::NoFunds {
                call: "place_order",
                account: "me".into(),
            });
        }
        let id = OrderId(orders.len() as u64);
        orders.push(Some(view(id, ME, params)));
        Ok(Some(id))
    }

    async fn cancel(&self, id: OrderId) -> Result<(), ChainError> {
        self.cancelled.lock().unwrap().push(id);
        Ok(())
    }
}

impl Double {
    fn set(&self, id: OrderId, states: [SlotState; 6]) {
        let mut orders = self.orders.lock().unwrap();
        let order = orders[id.0 as usize].as_mut().unwrap();
        for (slot, state) in order.slots.iter_mut().zip(states) {
            slot.state = state;
        }
    }

    fn forget(&self, id: OrderId) {
        self.orders.lock().unwrap()[id.0 as usize] = None;
    }
}

fn view(id: OrderId, client: AccountKey, params: OrderParams) -> OrderView {
    let slot = |index| SlotView {
        index: SlotIndex(index),
        state: SlotState::Open,
        provider: None,
        claimed_at: None,
        confirmed_at: None,
        price_per_mib_block: 0,
        paid: 0,
        sectors: Vec::new(),
    };
    OrderView {
        id,
        client,
        params,
        opened_at: 1,
        lottery_beacon: None,
        slots: (0..6).map(slot).collect(),
        held: 0,
    }
}

/// A public file of two groups.
fn manifest() -> Manifest {
    let erasure = ErasureParams { data: 3, parity: 3 };
    let mut options = EncodeOptions::new(erasure, Privacy::Public);
    options.fragment_size = Some(FragmentSize::K1024);
    let bytes = vec![5; (16 * 3 + 1) << 20];
    let length = u64::try_from(bytes.len()).unwrap();
    let encoder = Encoder::new(options, length, &mut rand::thread_rng()).unwrap();
    let file = encoder.encode_all::<EncodeError>(&mut &bytes[..], |_| Ok(()));
    file.unwrap().manifest
}

async fn find<'a>(double: &'a Double, manifest: &'a Manifest, noted: &[OrderId]) -> Orders<'a> {
    Orders::find(double, manifest, TERMS, noted).await.unwrap()
}

const HELD: [SlotState; 6] = [SlotState::Confirmed; 6];
const CLOSED: [SlotState; 6] = [
    SlotState::Confirmed,
    SlotState::Claimed,
    SlotState::Expired,
    SlotState::Expired,
    SlotState::Expired,
    SlotState::Lost,
];

#[tokio::test]
async fn only_groups_without_an_order_are_ordered() {
    let (double, manifest) = (Double::default(), manifest());
    assert_eq!(manifest.layout().groups(), 2);
    let params = manifest.order_params(1, 10, 7, ME).unwrap();
    double.place(params).await.unwrap();
    let mut orders = find(&double, &manifest, &[]).await;
    assert_eq!(orders.ids(), [OrderId(0)]);
    orders.place_missing(&ProgressBar::hidden()).await.unwrap();
    assert_eq!(orders.ids(), [OrderId(1), OrderId(0)]);
    assert_eq!(orders.placed(), 1);
    double.set(OrderId(0), HELD);
    double.set(OrderId(1), HELD);
    let mut again = find(&double, &manifest, &[OrderId(1), OrderId(0)]).await;
    again.place_missing(&ProgressBar::hidden()).await.unwrap();
    assert_eq!((again.ids(), again.placed()), (orders.ids(), 0));
}

#[tokio::test]
async fn what_the_chain_forgot_is_ordered_again() {
    let (double, manifest) = (Double::default(), manifest());
    let mut orders = find(&double, &manifest, &[]).await;
    orders.place_missing(&ProgressBar::hidden()).await.unwrap();
    let views = orders.now(&BTreeSet::new()).await.unwrap();
    assert_eq!(views.len(), 2);
    double.forget(OrderId(1));
    let views = orders.now(&BTreeSet::new()).await.unwrap();
    assert_eq!((views[&0].id, views[&1].id), (OrderId(0), OrderId(2)));
    // Another customer got the id of an order that was forgotten.
    let foreign = view(
        OrderId(2),
        AccountKey([9; 32]),
        manifest.order_params(1, 10, 7, ME).unwrap(),
    );
    double.orders.lock().unwrap()[2] = Some(foreign);
    let views = orders.now(&BTreeSet::new()).await.unwrap();
    assert_eq!(views[&1].id, OrderId(3));
    assert_eq!(views[&1].client, ME);
}

#[tokio::test]
async fn orders_that_can_not_be_read_are_replaced_but_not_for_ever() {
    let (double, manifest) = (Double::default(), manifest());
    let mut orders = find(&double, &manifest, &[]).await;
    orders.place_missing(&ProgressBar::hidden()).await.unwrap();
    let mut all = CLOSED;
    all[2] = SlotState::Faulty;
    double.set(OrderId(0), all);
    let views = orders.now(&BTreeSet::new()).await.unwrap();
    assert_eq!(
        views[&0].id,
        OrderId(0),
        "three slots live, three are needed"
    );
    for (gone, next) in [(0, 2), (2, 3)] {
        double.set(OrderId(gone), CLOSED);
        let views = orders.now(&BTreeSet::new()).await.unwrap();
        assert_eq!(views[&0].id, OrderId(next));
    }
    double.set(OrderId(3), CLOSED);
    let error = orders.now(&BTreeSet::new()).await.unwrap_err();
    assert!(matches!(
        error,
        ClientError::NotKept {
            group: 0,
            times: 3,
            ..
        }
    ));
    let resumed = find(&double, &manifest, &[OrderId(3)]).await;
    assert_eq!(
        resumed.ids(),
        [OrderId(1)],
        "what is closed is not taken up"
    );
}

#[tokio::test]
async fn what_was_placed_before_a_refusal_can_be_cancelled() {
    let double = Double {
        refuse_after: Some(1),
        ..Double::default()
    };
    let manifest = manifest();
    let mut orders = find(&double, &manifest, &[]).await;
    let error = orders
        .place_missing(&ProgressBar::hidden())
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), 4);
    assert_eq!(orders.ids(), [OrderId(0)]);
    assert!(orders.cancel().await);
    assert_eq!(*double.cancelled.lock().unwrap(), [OrderId(0)]);
}

#[tokio::test]
async fn groups_that_are_done_are_not_asked_for() {
    let (double, manifest) = (Double::default(), manifest());
    let mut orders = find(&double, &manifest, &[]).await;
    orders.place_missing(&ProgressBar::hidden()).await.unwrap();
    double.forget(OrderId(0));
    let views = orders.now(&BTreeSet::from([0])).await.unwrap();
    assert_eq!(views.keys().copied().collect::<Vec<_>>(), [1]);
}
