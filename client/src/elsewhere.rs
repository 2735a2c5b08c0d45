//! Paying from another chain: the customer's account here, programs that order, and the way back.
//!
//! A customer of the relay chain or of a sibling parachain has an account here without a key, which only
//! programs from there act for. The key that signs delivery notes is the same as over there.

mod payer;

use ips_chain::{keys, AccountSigner, SubxtReader};
use ips_engine::chain::{ChainError, ChainReader};
use ips_primitives::{
    id::{AccountKey, Balance},
    xcm::{Fees, Program, Route},
};
use serde_json::json;

use crate::{
    cli::{FileIdText, FromArgs, Global, XcmCommand, XcmDepositArgs, XcmOrderArgs},
    connection,
    error::ClientError,
    listing::in_tokens,
    put::take_up,
    terminal::Terminal,
};
pub(crate) use payer::Payer;

/// Worth of the fees that a program may use here, in IPS; the rest comes back.
const REMOTE_FEE: Balance = 200_000_000_000;
/// An exchange may get worse by this until the program arrives.
const SLIP_PERCENT: Balance = 10;

/// A customer of another chain.
#[derive(Clone)]
pub(crate) struct Elsewhere {
    reader: SubxtReader,
    pub(crate) route: Route,
    /// The customer's account here.
    pub(crate) account: AccountKey,
    local_fee: Balance,
}

/// What is in the customer's account here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purse {
    /// Free IPS.
    pub(crate) native: Balance,
    /// The token of the customer's chain.
    pub(crate) foreign: Balance,
}

impl Elsewhere {
    pub(crate) async fn new(
        reader: SubxtReader,
        args: &FromArgs,
        signer: &AccountSigner,
    ) -> Result<Self, ClientError> {
        let route = Route {
            chain: args.from,
            ips: reader.parachain_id().await?,
            customer: signer.account(),
        };
        let account = reader
            .account_of(&route.chain.customer(route.customer))
            .await?;
        Ok(Self {
            reader,
            route,
            account,
            local_fee: args.local_fee,
        })
    }

    pub(crate) async fn purse(&self) -> Result<Purse, ChainError> {
        let token = self.route.chain.location();
        Ok(Purse {
            native: self.reader.balance(self.account).await?,
            foreign: self.reader.foreign_balance(&token, self.account).await?,
        })
    }

    /// What `amount` IPS cost in the customer's token.
    async fn price(&self, amount: Balance) -> Result<Balance, ChainError> {
        let token = self.route.chain.location();
        let price = self.reader.price_in(&token, amount).await?;
        price.ok_or_else(|| ChainError::Refused {
            call: "xcm.order",
            pallet: "AssetConversion".into(),
            error: "NoPool".into(),
            explanation: format!(
                "nobody sells {} IPS for the token of that chain",
                in_tokens(amount)
            ),
        })
    }

    pub(crate) async fn fees(&self) -> Result<Fees, ChainError> {
        Ok(Fees {
            local: self.local_fee,
            remote: self.price(REMOTE_FEE).await?,
        })
    }

    /// The program that buys `amount` IPS and makes the calls, and what it may take of the own token.
    pub(crate) async fn buy(
        &self,
        amount: Balance,
        calls: Vec<Vec<u8>>,
    ) -> Result<Program, ChainError> {
        let price = self.price(amount).await?;
        let give = price.saturating_add(price / 100 * SLIP_PERCENT);
        Ok(self.route.order(give, amount, self.fees().await?, calls))
    }

    /// The program that brings everything home; `None` if there is nothing.
    async fn withdraw(&self) -> Result<Option<Program>, ChainError> {
        let Purse { native, foreign } = self.purse().await?;
        let token = self.route.chain.location();
        let worth = match native {
            0 => Some(0),
            native => self.reader.worth_in(&token, native).await?,
        };
        // What nobody buys stays.
        let (native, worth) = worth.map_or((0, 0), |worth| (native, worth));
        if native == 0 && foreign == 0 {
            return Ok(None);
        }
        let least = worth - worth / 100 * SLIP_PERCENT;
        let fees = self.fees().await?;
        Ok(Some(self.route.withdraw(foreign, native, least, fees)))
    }
}

/// Runs a command about another chain.
pub(crate) async fn run(
    global: &Global,
    command: &XcmCommand,
    terminal: &Terminal,
) -> Result<(), ClientError> {
    match command {
        XcmCommand::Account(args) => account(global, args, terminal).await,
        XcmCommand::Order(args) => order(global, args, terminal).await,
        XcmCommand::Deposit(args) => deposit(global, args, terminal).await,
        XcmCommand::Withdraw(args) => withdraw(global, args, terminal).await,
    }
}

async fn connect(global: &Global, args: &FromArgs) -> Result<Elsewhere, ClientError> {
    let signer = connection::signer(global)?;
    let reader = connection::reader(global).await?;
    Elsewhere::new(reader, args, &signer).await
}

async fn account(global: &Global, args: &FromArgs, terminal: &Terminal) -> Result<(), ClientError> {
    let elsewhere = connect(global, args).await?;
    let Purse { native, foreign } = elsewhere.purse().await?;
    let address = keys::address_of(elsewhere.account);
    let object = json!({
        "account": address, "free": native.to_string(), "foreign": foreign.to_string()
    });
    terminal.result(&object, || {
        format!(
            "{address}  {} IPS, {foreign} of the other chain's token",
            in_tokens(native)
        )
    });
    Ok(())
}

async fn order(
    global: &Global,
    args: &XcmOrderArgs,
    terminal: &Terminal,
) -> Result<(), ClientError> {
    let signer = connection::signer(global)?;
    let state = connection::state(global)?;
    let FileIdText(file) = args.file;
    let (manifest, upload) = take_up(&state, file)?;
    let elsewhere = connect(global, &args.from).await?;
    let mut calls = Vec::new();
    let mut amount = 0;
    for group in 0..manifest.layout().groups() {
        let (duration, price) = (upload.plan.duration, upload.plan.price);
        let params = manifest.order_params(group, duration, price, signer.account())?;
        amount += payer::cost(&elsewhere.reader, &params).await?;
        calls.push(payer::order_call(&elsewhere.reader, params)?);
    }
    if calls.len() > ips_primitives::xcm::PROGRAM_ORDERS_MAX {
        let file = hex::encode(file.0);
        return Err(ClientError::Usage(format!(
            "the file is ordered in {} parts, too many for one program; use: ips put --resume {file} \
             --from … --via …, which sends one after the other",
            calls.len()
        )));
    }
    let program = elsewhere.buy(amount, calls).await?;
    finish(&args.from, &program, &signer, terminal).await
}

async fn deposit(
    global: &Global,
    args: &XcmDepositArgs,
    terminal: &Terminal,
) -> Result<(), ClientError> {
    let signer = connection::signer(global)?;
    let elsewhere = connect(global, &args.from).await?;
    let fees = match args.remote_fee {
        Some(remote) => Fees {
            local: args.from.local_fee,
            remote,
        },
        None => elsewhere.fees().await?,
    };
    let program = elsewhere.route.deposit(args.amount, signer.account(), fees);
    finish(&args.from, &program, &signer, terminal).await
}

async fn withdraw(
    global: &Global,
    args: &FromArgs,
    terminal: &Terminal,
) -> Result<(), ClientError> {
    let signer = connection::signer(global)?;
    let elsewhere = connect(global, args).await?;
    match elsewhere.withdraw().await? {
        Some(program) => finish(args, &program, &signer, terminal).await,
        None => {
            terminal.result(&json!({ "nothing": true }), || {
                "there is nothing to bring home".into()
            });
            Ok(())
        }
    }
}

/// Prints a program, or sends it.
async fn finish(
    args: &FromArgs,
    program: &Program,
    signer: &AccountSigner,
    terminal: &Terminal,
) -> Result<(), ClientError> {
    let message = format!("0x{}", hex::encode(program.versioned()));
    let Some(via) = &args.via else {
        terminal.result(&json!({ "message": message }), || message.clone());
        return Ok(());
    };
    let chain = ips_chain::elsewhere::OtherChain::connect(via).await?;
    let included = chain.execute(program, signer).await?;
    let block = included.block.number;
    terminal.result(&json!({ "message": message, "block": block }), || {
        format!("executed in block {block} of that chain; what came of it: ips xcm account")
    });
    Ok(())
}
