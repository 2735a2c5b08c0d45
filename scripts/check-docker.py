#!/usr/bin/env python3
"""Checks docker/ without a Docker engine: the Dockerfile's rules, the compose file, the boards' metrics.

    scripts/check-docker.py [--run]

--run also starts what compose.yaml says, command by command, as processes of this machine with the built
programs ($IPS_BIN, else target/bin), waits until every health check passes, and looks for every metric that a
board names. Needs PyYAML (Debian: python3-yaml).
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCKER = ROOT / "docker"
PATIENCE = 180
FUNCTIONS = {"rate", "sum", "by", "scalar", "status", "state", "step", "best", "finalized", "m"}
problems = []


def need(holds, text):
    if not holds:
        problems.append(text)


def instructions():
    text = re.sub(r"\\\n", " ", (DOCKER / "Dockerfile").read_text())
    for line in text.splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name.upper(), rest.strip()


def check_dockerfile():
    stages, user, last = [], {}, None
    for name, rest in instructions():
        if name == "FROM":
            image, _, alias = rest.partition(" AS ")
            local = image in [stage for stage, _ in stages]
            need(local or re.search(r":\d+\.\d+", image), f"FROM {image}: pin a version")
            need(alias, f"FROM {image}: name the stage")
            stages.append((alias, image))
            last = alias
            user[last] = user.get(image)
        elif name == "RUN" and "apt-get install" in rest:
            need("-y" in rest and "--no-install-recommends" in rest, "apt-get install: -y --no-install-recommends")
            need("apt-get update" in rest and "rm -rf /var/lib/apt/lists/*" in rest, "apt-get: update and clean in one RUN")
        elif name in ("CMD", "ENTRYPOINT"):
            need(rest.startswith("["), f"{name}: exec form")
        elif name == "USER":
            user[last] = rest
        elif name == "ADD":
            need(False, "ADD: use COPY")
        need("sudo " not in rest, f"{name}: no sudo")
    for stage in ("node", "client"):
        need(stage in user, f"no stage {stage}")
        need((user.get(stage) or "0").split(":")[0] not in ("root", "0"), f"stage {stage} runs as root")
    text = (DOCKER / "Dockerfile").read_text()
    need(text.count("HEALTHCHECK") == 2, "a HEALTHCHECK for each image")
    need("VOLUME" in text and "EXPOSE" in text and "LABEL" in text, "VOLUME, EXPOSE, LABEL")
    if shutil.which("hadolint"):
        need(subprocess.run(["hadolint", DOCKER / "Dockerfile"]).returncode == 0, "hadolint")


def check_toolchain():
    """rust-toolchain.toml would choose another Rust than the image's: a variable must outrank it first."""
    version, pinned = None, False
    for name, rest in instructions():
        if name == "FROM":
            found = re.match(r"rust:(\d+\.\d+\.\d+)", rest)
            version, pinned = found and found[1], False
        elif name == "ENV":
            pinned = pinned or f"RUSTUP_TOOLCHAIN={version}" in rest.split()
        elif name == "RUN" and version and re.search(r"\b(rustup|cargo)\b", rest):
            need(pinned, f"{rest.split()[0]} before ENV RUSTUP_TOOLCHAIN={version}")


def compose():
    import yaml

    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


def check_compose(spec):
    services, volumes = spec["services"], spec["volumes"]
    need(sum(name.startswith("node") for name in services) == 6, "six storage nodes")
    for name in ("chain", "prometheus", "grafana", "client", "params"):
        need(name in services, f"no service {name}")
    for name, service in services.items():
        once = service.get("restart") == "no" or "profiles" in service
        need(once or "healthcheck" in service, f"{name}: no health check")
        need(once or service.get("restart") == "unless-stopped", f"{name}: does not come back")
        need(service.get("user", "0").split(":")[0] not in ("0", "root"), f"{name}: runs as root")
        need(service["image"].rpartition(":")[2] not in ("", "latest"), f"{name}: pin the image")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = (DOCKER / source).exists() if source.startswith(".") else source in volumes
            need(there, f"{name}: no volume {source}")
        for other in service.get("depends_on", {}):
            need(other in services, f"{name}: depends on {other}")
        for port in service.get("ports", []):
            need(port.startswith("127.0.0.1:"), f"{name}: {port} is open to the world")


def check_client(services):
    """The client uses private addresses only if its chain is at a loopback address."""
    client = services["client"]
    need(client.get("network_mode") == "service:chain", "client: shares no network with the chain")
    need(client["environment"]["IPS_RPC"].startswith("ws://127.0.0.1:"), "client: would leave private addresses out")


def metrics():
    """Names that the boards ask for."""
    names = set()
    for path in sorted((DOCKER / "grafana/boards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                found = re.findall(r"[a-z][a-z_0-9]*", re.sub(r'\{[^}]*\}|"[^"]*"', "", target["expr"]))
                names |= {name for name in found if name not in FUNCTIONS and name != "up"}
                need(found, f"{path.name}: {target['expr']}")
    return names


def check_boards():
    ours = (ROOT / "storage/daemon/src/metrics.rs").read_text()
    for name in metrics():
        if name.startswith("ips_storage_"):
            need(f'"{name.removeprefix("ips_storage_")}"' in ours, f"no storage node tells {name}")
    need(len(list((DOCKER / "grafana/boards").glob("*.json"))) == 4, "four boards")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Machine:
    """The services of compose.yaml as processes: hosts become 127.0.0.1, ports free ones, paths a folder."""

    def __init__(self, spec, folder):
        self.spec, self.folder = spec, folder
        self.binaries = Path(os.environ.get("IPS_BIN", ROOT / "target/bin"))
        self.processes, self.ports = {}, {}

    def port(self, service, port):
        return self.ports.setdefault((service, port), free_port())

    def local(self, service, text):
        text = text.replace("/data", str(self.folder / service)).replace("/params", str(self.folder / "params"))
        text = re.sub(r"\bchain:(\d+)", lambda m: f"127.0.0.1:{self.port('chain', m[1])}", text)
        text = re.sub(r"(?:0\.0\.0\.0|127\.0\.0\.1):(\d{4})\b(?!.*:)", lambda m: self.own(service, m), text)
        return re.sub(r"/ip4/0\.0\.0\.0/(tcp|udp)/4001", r"/ip4/127.0.0.1/\1/0", text)

    def own(self, service, match):
        known = self.ports.values()
        port = match[1]
        return match[0] if int(port) in known else f"127.0.0.1:{self.port(service, port)}"

    def command(self, service):
        entry = self.spec["services"][service]
        words = [self.local(service, word) for word in entry["command"]]
        if service == "chain":
            # What compose gives each container by itself.
            words += [f"--rpc-port={self.port('chain', '9944')}", f"--prometheus-port={self.port('chain', '9615')}"]
            words += ["--listen-addr=/ip4/127.0.0.1/tcp/0", "--no-mdns"]
        variables = {key: self.local(service, value) for key, value in entry.get("environment", {}).items()}
        return [str(self.binaries / words[0]), *words[1:]], variables

    def start(self, service):
        (self.folder / service).mkdir(exist_ok=True)
        command, variables = self.command(service)
        log = open(self.folder / f"{service}.log", "w")
        self.processes[service] = subprocess.Popen(command, env={**os.environ, **variables}, stdout=log, stderr=log)

    def healthy(self, service):
        test = self.spec["services"][service]["healthcheck"]["test"]
        command = [self.local(service, word) for word in test[1:]]
        since = time.monotonic()
        while subprocess.run(command, capture_output=True).returncode != 0:
            code = self.processes[service].poll()
            if code is not None or time.monotonic() - since > PATIENCE:
                print((self.folder / f"{service}.log").read_text()[-2000:])
                sys.exit(f"error: {service} is not healthy (exit code {code})")
            time.sleep(0.5)

    def stop(self):
        for process in reversed(self.processes.values()):
            process.terminate()
        for service, process in self.processes.items():
            try:
                need(process.wait(20) in (0, -15), f"{service} ended with {process.returncode}")
            except subprocess.TimeoutExpired:
                process.kill()
                need(False, f"{service} did not stop")


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def run(spec):
    folder = Path(tempfile.mkdtemp(prefix="ips-docker-"))
    (folder / "params").mkdir()
    machine = Machine(spec, folder)
    try:
        command, variables = machine.command("params")
        subprocess.run(command, env={**os.environ, **variables}, check=True)
        nodes = [name for name in spec["services"] if name.startswith("node")]
        for service in ["chain", *nodes]:
            machine.start(service)
            machine.healthy(service)
            print(f"  {service} is healthy")
        told = scrape(machine.port("chain", "9615"))
        told += "".join(scrape(machine.port(node, "9620")) for node in nodes)
        for name in sorted(metrics()):
            need(re.search(rf"^(# TYPE )?{name}(_sum|_count|_bucket)?[ {{]", told, re.M), f"nobody tells {name}")
        print(f"  {len(metrics())} metrics of the boards are told")
    finally:
        machine.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    if set(sys.argv[1:]) - {"--run"}:
        sys.exit(__doc__)
    spec = compose()
    check_dockerfile()
    check_toolchain()
    check_compose(spec)
    check_client(spec["services"])
    check_boards()
    if "--run" in sys.argv:
        run(spec)
    for problem in problems:
        print(f"error: docker: {problem}")
    sys.exit(1 if problems else 0)


main()
