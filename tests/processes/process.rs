//! One child process and its log.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};

/// Longest time a process may take to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// How often a process is asked whether it has ended.
const POLL: Duration = Duration::from_millis(20);

/// Signals that are sent to processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Please end.
    Terminate,
    /// End at once, as a power cut would.
    Kill,
    /// Stand still, as a hung machine would.
    Stop,
    /// Go on.
    Continue,
}

impl Signal {
    const fn flag(self) -> &'static str {
        match self {
            Self::Terminate => "-TERM",
            Self::Kill => "-KILL",
            Self::Stop => "-STOP",
            Self::Continue => "-CONT",
        }
    }
}

/// A running process; killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    kept: bool,
}

impl Process {
    /// Starts a command whose output is appended to `log`.
    ///
    /// # Errors
    /// If the log cannot be opened or the program cannot be started.
    pub fn start(name: &str, mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let out = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| log.display().to_string())?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| {
                format!(
                    "cannot start {:?}; build it first: cargo build --workspace --all-targets",
                    command.get_program()
                )
            })?;
        Ok(Self {
            name: name.into(),
            child,
            log: log.into(),
            kept: false,
        })
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// If the process is gone.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let status = Command::new("kill")
            .args([signal.flag(), &self.id().to_string()])
            .status()?;
        ensure!(status.success(), "{} is gone", self.name);
        Ok(())
    }

    /// Kills it as a power cut would, and waits for its end.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end and waits for that.
    ///
    /// # Errors
    /// If it does not end in time (it is killed then), or ends with a failure.
    pub fn stop(mut self) -> anyhow::Result<()> {
        if let Some(status) = self.ended()? {
            ensure!(status.success(), "{} had ended: {status}", self.name);
            return Ok(());
        }
        self.signal(Signal::Terminate)?;
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.ended()? {
                break status;
            }
            if since.elapsed() > STOP_PATIENCE {
                self.child.kill()?;
                self.child.wait()?;
                anyhow::bail!("{} did not stop on SIGTERM", self.name);
            }
            std::thread::sleep(POLL);
        };
        ensure!(status.success(), "{} stopped with {status}", self.name);
        Ok(())
    }

    /// Leaves it running after this program's end.
    pub fn keep(&mut self) {
        self.kept = true;
    }

    /// The last `lines` lines of its log.
    pub fn log_end(&self, lines: usize) -> Vec<String> {
        let Ok(file) = File::open(&self.log) else {
            return Vec::new();
        };
        let mut all: Vec<_> = BufReader::new(file).lines().map_while(Result::ok).collect();
        all.split_off(all.len().saturating_sub(lines))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.kept {
            // It may have ended by itself.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
