//! What a storage node holds and does, for Prometheus: its text format over HTTP.

use std::{convert::Infallible, fmt::Write as _, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    header::CONTENT_TYPE,
    service::service_fn,
    Method, Request, Response, StatusCode,
};
use hyper_util::rt::TokioIo;
use ips_engine::EngineStatus;
use tokio::{net::TcpListener, sync::watch, sync::Semaphore, task::JoinHandle};

/// Connections at once; Prometheus needs one.
const CONNECTIONS_MAX: usize = 16;
/// Longest life of a connection.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);
/// Pause after a connection that could not be taken, such as for want of file handles.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The server; it ends with this value.
pub(crate) struct Metrics {
    text: watch::Sender<String>,
    task: JoinHandle<()>,
}

impl Drop for Metrics {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Metrics {
    /// Serves `/metrics` at an address.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub(crate) async fn serve(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("metrics cannot be served at {address}: choose another with --metrics")
        })?;
        let (text, shown) = watch::channel(String::new());
        let task = tokio::spawn(accept(listener, shown));
        Ok(Self { text, task })
    }

    /// What is told from now on.
    pub(crate) fn show(&self, status: &EngineStatus) {
        self.text.send_replace(render(status));
    }
}

async fn accept(listener: TcpListener, shown: watch::Receiver<String>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // Never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "no connection for metrics");
                tokio::time::sleep(AFTER_FAILURE).await;
                continue;
            }
        };
        let shown = shown.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let text = shown.borrow().clone();
                async move { Ok::<_, Infallible>(respond(&request, text)) }
            });
            let serving = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer);
            // Whatever became of it, the next scrape comes.
            let _ = tokio::time::timeout(CONNECTION_LIMIT, serving).await;
            drop(place);
        });
    }
}

fn respond(request: &Request<Incoming>, text: String) -> Response<Full<Bytes>> {
    let (status, body) = match (request.method(), request.uri().path()) {
        // Nothing to tell before the first status: no node is up.
        (&Method::GET, "/metrics" | "/health") if text.is_empty() => {
            (StatusCode::SERVICE_UNAVAILABLE, String::new())
        }
        (&Method::GET, "/metrics") => (StatusCode::OK, text),
        (&Method::GET, "/health") => (StatusCode::OK, "up\n".into()),
        _ => (StatusCode::NOT_FOUND, "see /metrics\n".into()),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let format = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4");
    response.headers_mut().insert(CONTENT_TYPE, format);
    response
}

/// A metric: name after `ips_storage_`, type, what it is, labels and value of each sample.
type Metric = (&'static str, &'static str, &'static str, Vec<(String, u64)>);

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A status in Prometheus' text format.
fn render(status: &EngineStatus) -> String {
    let mut text = String::new();
    for (name, kind, help, samples) in gauges(status).into_iter().chain(counters(status)) {
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP ips_storage_{name} {help}\n# TYPE ips_storage_{name} {kind}"
        );
        for (labels, value) in samples {
            let _ = writeln!(text, "ips_storage_{name}{labels} {value}");
        }
    }
    text
}

/// What is now.
fn gauges(status: &EngineStatus) -> Vec<Metric> {
    let gauge = |name, help, value| (name, "gauge", help, vec![(String::new(), value)]);
    let of = |state: &str, is: &dyn Fn(bool, bool) -> bool| {
        let slots = status.slots.iter();
        let found = slots.filter(|slot| is(slot.delivered, slot.confirmed));
        (format!("{{state=\"{state}\"}}"), count(found.count()))
    };
    let slots = vec![
        of("claimed", &|delivered, confirmed| !delivered && !confirmed),
        of("delivered", &|delivered, confirmed| delivered && !confirmed),
        of("confirmed", &|_, confirmed| confirmed),
    ];
    let steps = status.sectors_by_step.iter();
    let sectors = steps
        .map(|(step, count)| (format!("{{step=\"{step:?}\"}}"), u64::from(*count)))
        .collect();
    let bytes = status.slots.iter().map(|slot| slot.bytes).sum();
    let damaged = status.sectors.iter().filter(|sector| sector.damaged);
    vec![
        gauge("head", "Best block of the chain.", status.head.into()),
        gauge("peers", "Peers connected with.", count(status.peers)),
        gauge("free_bytes", "Space that no slot uses.", status.free_bytes),
        gauge("slot_bytes", "Bytes of all slots.", bytes),
        ("slots", "gauge", "Slots by what is known of them.", slots),
        ("sectors", "gauge", "Sectors by their next step.", sectors),
        gauge(
            "sectors_damaged",
            "Sectors that are made again.",
            count(damaged.count()),
        ),
    ]
}

/// What happened since the start.
fn counters(status: &EngineStatus) -> Vec<Metric> {
    let counter = |name, help, value| (name, "counter", help, vec![(String::new(), value)]);
    let (posts, served) = (status.posts_accepted, status.bytes_served);
    vec![
        counter(
            "seals_total",
            "Seal proofs accepted.",
            status.seals_accepted,
        ),
        counter("posts_total", "Storage proofs accepted.", posts),
        counter(
            "claims_total",
            "Retrieval claims accepted.",
            status.claims_accepted,
        ),
        counter(
            "extracts_total",
            "Proofs of extract made.",
            status.extracts_answered,
        ),
        counter("served_bytes_total", "Bytes served.", served),
    ]
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;

    async fn ask(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn metrics_are_told_once_there_are_some() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        assert!(Metrics::serve(address).await.is_err(), "the port is taken");
        drop(free);
        let metrics = Metrics::serve(address).await.unwrap();
        assert!(ask(address, "/health").await.starts_with("HTTP/1.1 503"));
        metrics.text.send_replace("ips_storage_head 7\n".into());
        let answer = ask(address, "/metrics").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("ips_storage_head 7\n"), "{answer}");
        assert!(ask(address, "/health").await.starts_with("HTTP/1.1 200"));
        assert!(ask(address, "/").await.starts_with("HTTP/1.1 404"));
    }
}
