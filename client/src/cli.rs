//! The command line.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use ips_primitives::{
    fragment::Level,
    id::{Balance, BlockNumber, FileId},
    xcm::Chain,
};

/// Store files on the IPS network and read them back.
#[derive(Debug, Parser)]
#[command(
    name = "ips",
    version,
    after_help = "Examples:\n  \
        ips keygen --out ~/.ips-key\n  \
        ips --key ~/.ips-key put photo.jpg\n  \
        ips --key ~/.ips-key ls\n  \
        ips --key ~/.ips-key get FILEID -o photo.jpg\n\n\
        Exit codes: 0 done, 1 failed, 2 wrong use or input, 3 too few holders answer, 4 not enough funds,\n\
        5 the chain cannot be reached or refused, 6 nobody took the order, 130 stopped by a signal.\n\n\
        With --json, standard output is one object: the result, or {\"error\": {\"kind\", \"message\",\n\
        \"exit_code\", ...}}. Amounts are decimal strings in the smallest unit."
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Node to ask.
    #[arg(
        long,
        global = true,
        env = "IPS_RPC",
        default_value = "ws://127.0.0.1:9944"
    )]
    pub rpc: String,
    /// Your key: a file made by `ips keygen`, or a development account like //Alice.
    #[arg(long, global = true, env = "IPS_KEY", value_name = "FILE|//NAME")]
    pub key: Option<String>,
    /// Folder for manifests and unfinished uploads [default: ~/.local/share/ips].
    #[arg(long, global = true, env = "IPS_STATE", value_name = "FOLDER")]
    pub state: Option<PathBuf>,
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress bars.
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a key and write it to a new file that only you can read.
    #[command(after_help = "Example:\n  ips keygen --out ~/.ips-key")]
    Keygen(KeygenArgs),
    /// Encrypt files and store them; several files become one bundle.
    #[command(after_help = "Examples:\n  \
        ips --key //Alice put report.pdf\n  \
        ips --key //Alice put --level 2/3 --wait sealed film.mkv\n  \
        ips --key //Alice put notes/*.txt\n  \
        ips --key //Alice put --resume FILEID\n  \
        ips --key //Alice put photo.jpg --from relay --via wss://relay.example\n\n\
        What is interrupted, even by a power cut, is listed by `ips uploads` and goes on with --resume.")]
    Put(PutArgs),
    /// List uploads that were interrupted.
    #[command(after_help = "Example:\n  ips uploads --json")]
    Uploads,
    /// Give up an upload, or close a file's slots that nobody has claimed; their price is refunded.
    #[command(after_help = "Example:\n  ips --key //Alice cancel FILEID\n\n\
        Slots that are delivered are paid to their end; the file stays readable as long as enough are.")]
    Cancel(CancelArgs),
    /// Read a file back.
    #[command(after_help = "Examples:\n  \
        ips --key //Alice get FILEID\n  \
        ips --key //Alice get FILEID --range 0-1023 -o head.bin\n  \
        ips --key //Alice get BUNDLEID --entry notes.txt -o -")]
    Get(GetArgs),
    /// List your files.
    #[command(after_help = "Example:\n  ips --key //Alice ls --json")]
    Ls,
    /// Show where a file is and how its slots are.
    #[command(after_help = "Example:\n  ips status FILEID --json")]
    Status(FileArgs),
    /// List the storage nodes.
    #[command(after_help = "Example:\n  ips nodes --json")]
    Nodes,
    /// Show the balance of an account, or of your key's.
    #[command(after_help = "Examples:\n  ips --key //Alice balance\n  ips balance 5Grwva...")]
    Balance(BalanceArgs),
    /// Pay from another chain: print or send the programs, get money back.
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        ips --key //Alice put photo.jpg --from relay --via wss://relay.example\n  \
        ips --key //Alice put photo.jpg --no-order\n  \
        ips --key //Alice xcm order FILEID --from sibling:2001\n  \
        ips --key //Alice xcm account --from relay\n  \
        ips --key //Alice xcm withdraw --from relay --via wss://relay.example\n\n\
        A program without --via is printed, as bytes for the field `message` of `execute` in the pallet\n\
        xcmPallet (relay chain) or polkadotXcm (parachain) of polkadot.js apps."
    )]
    Xcm(XcmCommand),
}

/// What to do about another chain.
#[derive(Debug, Subcommand)]
pub enum XcmCommand {
    /// Show the account that you have here as a customer of another chain, and what is in it.
    Account(FromArgs),
    /// Print, or with --via send, the program that orders what `put --no-order` has encoded.
    Order(XcmOrderArgs),
    /// Print, or with --via send, the program that moves tokens to your key's own account here.
    Deposit(XcmDepositArgs),
    /// Print, or with --via send, the program that brings everything in that account home.
    Withdraw(FromArgs),
}

/// Arguments of `xcm order`.
#[derive(Debug, Args)]
pub struct XcmOrderArgs {
    /// The file.
    pub file: FileIdText,
    /// Which chain.
    #[command(flatten)]
    pub from: FromArgs,
}

/// Arguments of `xcm deposit`.
#[derive(Debug, Args)]
pub struct XcmDepositArgs {
    /// How much of the other chain's token.
    pub amount: Balance,
    /// Most that executing it may cost here, in that token; the rest comes back. Needed as long as nobody
    /// exchanges the token [default: a fifth of an IPS' worth].
    #[arg(long, value_name = "AMOUNT")]
    pub remote_fee: Option<Balance>,
    /// Which chain.
    #[command(flatten)]
    pub from: FromArgs,
}

/// Another chain that money comes from.
#[derive(Clone, Debug, Args)]
pub struct FromArgs {
    /// The chain: relay, or sibling:ID with its parachain id.
    #[arg(long, value_name = "relay|sibling:ID", value_parser = parse_chain)]
    pub from: Chain,
    /// A node of that chain, to send the program.
    #[arg(long, value_name = "URL")]
    pub via: Option<String>,
    /// Most that executing and sending may cost there, in its token; the rest comes back.
    #[arg(long, value_name = "AMOUNT", default_value_t = LOCAL_FEE)]
    pub local_fee: Balance,
}

/// Another chain that money comes from, or none.
#[derive(Clone, Debug, Args)]
pub struct PayArgs {
    /// Pay with the token of another chain: relay, or sibling:ID with its parachain id.
    #[arg(long, value_name = "relay|sibling:ID", value_parser = parse_chain)]
    pub from: Option<Chain>,
    /// A node of that chain.
    #[arg(long, value_name = "URL", requires = "from")]
    pub via: Option<String>,
    /// Most that executing and sending may cost there, in its token; the rest comes back.
    #[arg(long, value_name = "AMOUNT", requires = "from", default_value_t = LOCAL_FEE)]
    pub local_fee: Balance,
}

impl PayArgs {
    /// As [`FromArgs`], if there is another chain.
    pub(crate) fn elsewhere(&self) -> Option<FromArgs> {
        self.from.map(|from| FromArgs {
            from,
            via: self.via.clone(),
            local_fee: self.local_fee,
        })
    }
}

/// A tenth of a token with twelve decimals.
const LOCAL_FEE: Balance = 100_000_000_000;

/// Arguments of `cancel`.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// The file.
    pub file: FileIdText,
    /// Who paid.
    #[command(flatten)]
    pub pay: PayArgs,
}

fn parse_chain(text: &str) -> Result<Chain, String> {
    let wrong = || "a chain is relay, or sibling: and its parachain id, such as sibling:2001";
    match text.split_once(':') {
        None if text == "relay" => Ok(Chain::Relay),
        Some(("sibling", id)) => Ok(Chain::Sibling(id.parse().map_err(|_| wrong())?)),
        _ => Err(wrong().into()),
    }
}

/// Arguments of `keygen`.
#[derive(Debug, Args)]
pub struct KeygenArgs {
    /// New file for the key.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// How long `put` waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WaitFor {
    /// Every slot is delivered and confirmed on the chain.
    Delivered,
    /// Every slot is sealed and proven.
    Sealed,
}

/// Arguments of `put`.
#[derive(Debug, Args)]
pub struct PutArgs {
    /// Files to store.
    #[arg(required_unless_present = "resume", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Go on with an upload that was interrupted.
    #[arg(long, value_name = "FILEID", conflicts_with = "files")]
    pub resume: Option<FileIdText>,
    /// Share of the holders that may vanish without loss: 1/3, 1/2 or 2/3.
    #[arg(long, default_value = "1/2", value_parser = parse_level)]
    pub level: Level,
    /// Do not encrypt: everybody can read the file.
    #[arg(long)]
    pub public: bool,
    /// Highest price of 1 MiB for one block [default: a tenth above what enough nodes ask; with --resume: as
    /// before].
    #[arg(long, value_name = "AMOUNT")]
    pub price: Option<Balance>,
    /// Blocks that the file is to be kept.
    #[arg(long, default_value_t = 14_400, value_name = "BLOCKS",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub duration: BlockNumber,
    /// What to wait for.
    #[arg(long, value_enum, default_value_t = WaitFor::Delivered)]
    pub wait: WaitFor,
    /// Place the orders and return; deliver later with --resume.
    #[arg(long)]
    pub no_wait: bool,
    /// Encode only; order with `ips xcm order` or with --resume.
    #[arg(long, conflicts_with = "resume")]
    pub no_order: bool,
    /// Where the money comes from, if from another chain.
    #[command(flatten)]
    pub pay: PayArgs,
    /// Longest wait for nodes to claim the slots, such as 90s or 10m.
    #[arg(long, default_value = "10m", value_parser = parse_duration)]
    pub claim_timeout: Duration,
    /// Longest wait for delivery, confirmation and sealing.
    #[arg(long, default_value = "60m", value_parser = parse_duration)]
    pub timeout: Duration,
    /// Leave slots that nobody claimed open, instead of cancelling them for a refund.
    #[arg(long)]
    pub keep_open: bool,
}

/// Arguments of `get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// The file.
    pub file: FileIdText,
    /// Where to write; a folder for a bundle; - for standard output [default: the file's own name].
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// First and last byte, counted from 0.
    #[arg(long, value_name = "A-B", conflicts_with = "entry")]
    pub range: Option<ByteRange>,
    /// One file of a bundle.
    #[arg(long, value_name = "NAME")]
    pub entry: Option<String>,
    /// Ask for proofs of extract and pay for what was delivered (the default).
    #[arg(long, overrides_with = "no_pay")]
    pub pay: bool,
    /// Neither ask for proofs nor pay.
    #[arg(long)]
    pub no_pay: bool,
    /// Price of 1 MiB delivered.
    #[arg(long, default_value_t = 1_000_000_000, value_name = "AMOUNT")]
    pub price: Balance,
    /// Wait until the nodes have claimed their pay on the chain.
    #[arg(long, conflicts_with = "no_pay")]
    pub wait_claims: bool,
    /// Longest wait for claims.
    #[arg(long, default_value = "20m", value_parser = parse_duration)]
    pub timeout: Duration,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct FileArgs {
    /// The file.
    pub file: FileIdText,
}

/// Arguments of `balance`.
#[derive(Debug, Args)]
pub struct BalanceArgs {
    /// SS58 address, 32 bytes in hex, or a development account.
    pub account: Option<String>,
}

/// A file id as 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdText(pub FileId);

impl FromStr for FileIdText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "a file id is 64 hex digits, as printed by `ips put` and listed by `ips ls`".to_owned()
        };
        let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|_| wrong())?;
        Ok(Self(FileId(bytes.try_into().map_err(|_| wrong())?)))
    }
}

/// First and last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// First byte.
    pub first: u64,
    /// Last byte; `None` = to the end.
    pub last: Option<u64>,
}

impl FromStr for ByteRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a range is FIRST-LAST in bytes, such as 0-1023 or 4096-".to_owned();
        let (first, last) = text.split_once('-').ok_or_else(wrong)?;
        let first = first.parse().map_err(|_| wrong())?;
        let last = match last {
            "" => None,
            last => Some(last.parse().map_err(|_| wrong())?),
        };
        if last.is_some_and(|last| last < first) {
            return Err("the last byte of a range is not before the first".into());
        }
        Ok(Self { first, last })
    }
}

fn parse_level(text: &str) -> Result<Level, String> {
    Level::from_name(text).ok_or_else(|| "a level is 1/3, 1/2 or 2/3".into())
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is a number and a unit, such as 90s, 10m or 2h".to_owned();
    let (digits, seconds) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        _ => (text, 1),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    count
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    const ID: &str = "0101010101010101010101010101010101010101010101010101010101010101";

    fn parse(words: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["ips"], words].concat())
    }

    #[test]
    fn command_line_is_consistent_and_every_command_shows_its_use() {
        let mut command = Cli::command();
        command.clone().debug_assert();
        let help = command.render_long_help().to_string();
        for name in [
            "keygen", "put", "uploads", "cancel", "get", "ls", "status", "nodes", "balance",
        ] {
            assert!(help.contains(name), "{name}");
            let sub = command.find_subcommand_mut(name).unwrap();
            let help = sub.render_long_help().to_string();
            assert!(help.contains("Example"), "{name} shows no example");
        }
        assert!(help.contains("Examples:") && help.contains("Exit codes:"));
    }

    #[test]
    fn put_has_defaults_and_refuses_wrong_values() {
        let cli = parse(&["--key", "//Alice", "put", "a", "b", "--level", "2/3"]).unwrap();
        assert_eq!(cli.global.rpc, "ws://127.0.0.1:9944");
        let Command::Put(args) = cli.command else {
            panic!("put")
        };
        assert_eq!(args.files.len(), 2);
        assert_eq!(args.level, Level::TwoThirds);
        assert_eq!(args.wait, WaitFor::Delivered);
        assert_eq!(args.claim_timeout, Duration::from_secs(600));
        assert!(parse(&["put"]).is_err());
        assert!(parse(&["put", "a", "--level", "1/4"]).is_err());
        assert!(parse(&["put", "a", "--duration", "0"]).is_err());
        assert!(parse(&["put", "a", "--claim-timeout", "soon"]).is_err());
        assert!(parse(&["put", "--resume", ID]).is_ok());
        assert!(parse(&["put", "--resume", ID, "--price", "7"]).is_ok());
        assert!(parse(&["put", "a", "--resume", ID]).is_err());
    }

    #[test]
    fn wrong_file_id_is_told_how_one_looks() {
        let error = parse(&["get", "0101"]).unwrap_err().to_string();
        assert!(error.contains("64 hex digits"), "{error}");
        for good in [ID.to_owned(), format!("0x{ID}")] {
            assert_eq!(good.parse(), Ok(FileIdText(FileId([1; 32]))));
        }
        assert!("zz".repeat(32).parse::<FileIdText>().is_err());
    }

    #[test]
    fn ranges_are_inclusive_and_ordered() {
        assert_eq!(
            "3-9".parse(),
            Ok(ByteRange {
                first: 3,
                last: Some(9)
            })
        );
        assert_eq!(
            "3-".parse(),
            Ok(ByteRange {
                first: 3,
                last: None
            })
        );
        for bad in ["", "-", "9-3", "a-b", "-5", "1-2-3"] {
            assert!(bad.parse::<ByteRange>().is_err(), "{bad}");
        }
    }

    #[test]
    fn pay_is_the_default_and_can_be_switched_off() {
        let pays = |words: &[&str]| match parse(&[&["get", ID], words].concat()) {
            Ok(Cli {
                command: Command::Get(args),
                ..
            }) => !args.no_pay,
            other => panic!("{other:?}"),
        };
        assert!(pays(&[]));
        assert!(pays(&["--pay"]));
        assert!(!pays(&["--no-pay"]));
        assert!(pays(&["--no-pay", "--pay"]));
        assert!(parse(&["get", ID, "--no-pay", "--wait-claims"]).is_err());
    }

    #[test]
    fn times_have_units() {
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(parse_duration("5"), Ok(Duration::from_secs(5)));
        assert!(parse_duration("").is_err());
        assert!(parse_duration("99999999999999999999h").is_err());
    }
}
