"""A real Apache Kafka for the tests: one broker, which is its own controller, on loopback.

The jars come by Maven from the pom beside this file and are kept in the user's cache directory
(SHOSEKI_TEST_CACHE names another); everything that the broker writes lies in the folder it is
given.  `Cluster` is what any broker can do, also one that SHOSEKI_TEST_KAFKA names; `Kafka` is a
broker of one's own, which can be killed and started again with the same data on the same port.

    with Kafka(folder).started() as kafka:
        kafka.create("topic", 4)
        ...                                   # broker = kafka.url
        kafka.kill(); kafka.start()
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.streams.kafka.line import Line
from tests.streams.kafka.security import Security

POM = Path(__file__).with_name("pom.xml")
PATIENCE = 120.0
"""Seconds after which a broker that has not started does not."""
CLUSTER = "c2hvc2VraS10ZXN0cy0wMQ"
JAVA = (
    "-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
)  # fmt: skip
STARTED = "Kafka Server started"
PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAIN",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "500",
    "log.cleaner.backoff.ms": "200",
    "broker.heartbeat.interval.ms": "200",
    "broker.session.timeout.ms": "3000",
}


class Cluster:
    """A Kafka cluster by its address; topics are made and read with kafka-python."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        """HOST:PORT of a listener without TLS and without passwords."""

    @property
    def url(self) -> str:
        """What stands in settings as `broker`."""
        return f"kafka://{self.bootstrap}"

    def create(self, name: str, partitions: int = 1, **config: str | int) -> None:
        """A topic; `_` in a setting's name stands for a dot: cleanup_policy="compact"."""
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        topic = {"num_partitions": partitions, "replication_factor": 1, "configs": settings}
        with self.admin() as admin:
            admin.create_topics({name: topic}, wait_for_metadata=True)

    def delete(self, *names: str) -> None:
        with self.admin() as admin:
            admin.delete_topics(list(names))

    def clear(self) -> None:
        """Delete all topics and groups: lanes have the same names in every test."""
        with self.admin() as admin:
            # offsets of a group would outlive its topics
            groups = [group["group_id"] for group in admin.list_groups()]
            if groups:
                admin.delete_groups(groups)
            names = [name for name in admin.list_topics() if not name.startswith("__")]
            if names:
                admin.delete_topics(names)
            until = time.monotonic() + PATIENCE
            while set(names) & set(admin.list_topics()):
                assert time.monotonic() < until, f"not deleted: {names}"
                time.sleep(0.05)

    def topics(self, prefix: str = "") -> list[str]:
        with self.admin() as admin:
            return sorted(name for name in admin.list_topics() if name.startswith(prefix))

    def send(self, topic: str, *values: bytes, partition: int = 0, key: bytes | None = None) -> int:
        """The offset of the last value, when all are acknowledged."""
        from kafka import KafkaProducer

        options: dict[str, Any] = {"acks": "all", "max_request_size": 8 << 20}
        with closing(KafkaProducer(bootstrap_servers=self.bootstrap, **options)) as producer:
            sent = [producer.send(topic, v, key=key, partition=partition) for v in values]
            return int([each.get(60).offset for each in sent][-1])

    def ends(self, topic: str) -> dict[int, int]:
        """The next offset of every partition."""
        with self._consumer() as consumer:
            found = consumer.end_offsets(self._partitions(consumer, topic))
            return {tp.partition: offset for tp, offset in found.items()}

    def records(self, topic: str) -> list[Any]:
        """Everything that a topic holds now, partition by partition, as kafka-python has it."""
        with self._consumer() as consumer:
            places = self._partitions(consumer, topic)
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends = consumer.end_offsets(places)
            found = []
            while any(consumer.position(place) < ends[place] for place in places):
                for records in consumer.poll(200).values():
                    found.extend(records)
        return sorted(found, key=lambda record: (record.partition, record.offset))

    @contextmanager
    def admin(self) -> Iterator[Any]:
        from kafka import KafkaAdminClient

        with closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            yield admin

    @contextmanager
    def _consumer(self) -> Iterator[Any]:
        from kafka import KafkaConsumer

        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap, group_id=None, enable_auto_commit=False
        )
        with closing(consumer):
            yield consumer

    @staticmethod
    def _partitions(consumer: Any, topic: str) -> list[Any]:
        from kafka import TopicPartition

        numbers = consumer.partitions_for_topic(topic)
        assert numbers, f"there is no topic {topic}"
        return [TopicPartition(topic, number) for number in sorted(numbers)]


class Kafka(Cluster):
    """A broker in a folder of its own; `security` adds the listeners with TLS and passwords,
    `lines` names listeners that clients reach by way of a `Line`, `told` the loggers (Java
    classes) whose news stand in its log too."""

    def __init__(
        self,
        folder: Path,
        *,
        security: Security | None = None,
        properties: Mapping[str, str] | None = None,
        lines: Sequence[str] = (),
        told: Sequence[str] = (),
    ) -> None:
        self.folder, self.security = folder, security
        self._told = [f"-Dorg.slf4j.simpleLogger.log.{name}=info" for name in told]
        folder.mkdir(parents=True, exist_ok=True)
        listeners = ["PLAIN", "CONTROLLER", *(security.listeners if security else ()), *lines]
        self._ports = dict(zip(listeners, free_ports(len(listeners)), strict=True))
        super().__init__(self.address("PLAIN"))
        ends = zip(lines, free_ports(len(lines)), strict=True)
        self.lines = {name: Line(self.address(name), port) for name, port in ends}
        """What clients of these listeners call; each carries as long as it is entered."""
        self._log = folder / "kafka.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._jars = jars()
        self._write(properties or {})
        scram = [word for user in (security.users if security else ()) for word in user.scram]
        self._java("kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER,
                   "--config", str(self._config), *scram)  # fmt: skip

    def address(self, listener: str) -> str:
        """HOST:PORT of PLAIN, or of one of the security's listeners."""
        return f"127.0.0.1:{self._ports[listener]}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The broker's process while it runs: for signals, and for what it costs."""
        assert self._process is not None, "the broker does not run"
        return self._process

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start the broker, with whatever the folder holds; returns when it serves."""
        assert self._process is None, "the broker runs already"
        with open(self._log, "ab") as log:
            before = log.tell()
            self._process = subprocess.Popen(
                [*leash(), *self._command("kafka.Kafka"), str(self._config)],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        until = time.monotonic() + PATIENCE
        while STARTED not in self.said(before):
            ended = self._process.poll() is not None
            assert not ended and time.monotonic() < until, self.said(before)
            time.sleep(0.05)

    def stop(self) -> None:
        """SIGTERM, and the broker's own end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: what the broker has not written is lost."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start with the same data on the same ports."""
        self.stop()
        self.start()

    @contextmanager
    def started(self) -> Iterator[Kafka]:
        """The broker, running until the block ends."""
        self.start()
        try:
            yield self
        finally:
            if self._process is not None:
                self.kill()

    def said(self, since: int = 0) -> str:
        """The broker's log, from a byte on."""
        return self._log.read_bytes()[since:].decode(errors="replace")

    @property
    def _config(self) -> Path:
        return self.folder / "server.properties"

    def _write(self, more: Mapping[str, str]) -> None:
        protocols = dict.fromkeys(("PLAIN", "CONTROLLER", *self.lines), "PLAINTEXT")
        if self.security:
            protocols |= self.security.listeners
        told = {name: self.address(name) for name in self._ports if name != "CONTROLLER"}
        told |= {name: line.address for name, line in self.lines.items()}
        lines = PROPERTIES | {
            "log.dirs": str(self.folder / "data"),
            "listeners": places({name: self.address(name) for name in self._ports}),
            "advertised.listeners": places(told),
            "listener.security.protocol.map": ",".join(f"{n}:{p}" for n, p in protocols.items()),
            "controller.quorum.voters": f"1@{self.address('CONTROLLER')}",
        }
        if self.security:
            lines |= self.security.properties
        lines |= more
        self._config.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))

    def _command(self, main: str) -> list[str]:
        return ["java", *JAVA, *self._told, "-cp", f"{self._jars}/*", main]

    def _java(self, *words: str) -> None:
        main, *rest = words
        done = subprocess.run(
            [*self._command(main), *rest], cwd=self.folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._process = None


def places(listeners: Mapping[str, str]) -> str:
    return ",".join(f"{name}://{address}" for name, address in listeners.items())


def cache() -> Path:
    """Where fetched jars are kept between runs."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SHOSEKI_TEST_CACHE") or Path(home) / "shoseki-tests")


def jars() -> Path:
    """The folder with the broker's jars, fetched once for each text of the pom."""
    kept = cache() / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with open(kept.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs of one machine fetch once
        if not kept.is_dir():
            with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
                shutil.copy(POM, folder)
                done = subprocess.run(
                    ["mvn", "-B", "-q", "-C", "dependency:copy-dependencies",
                     "-DincludeScope=runtime", "-DoutputDirectory=jars"],
                    cwd=folder, capture_output=True, text=True,
                )  # fmt: skip
                assert done.returncode == 0, f"the broker's jars: {done.stdout}{done.stderr}"
                (Path(folder) / "jars").rename(kept)
    return kept


def free_ports(number: int) -> list[int]:
    """Free ports below those from which the system takes its own.

    A client that calls the port of a broker that is down must not be given that very port.
    """
    found: list[int] = []
    while len(found) < number:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def leash() -> list[str]:
    """A prefix that ends a command together with the process that started it, where there is
    one."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
