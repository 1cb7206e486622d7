"""How fast a domain's data moves to another key, and in how much memory; beside what one loop could do at best.

    python -m bench.reencryption --speakers 100000

A domain of many speakers, each with a voiceprint, moves from one KMS key to another by the job that UpdateDomain
starts, in a data directory on disk. Then, in the same process and on the same rows, the bare loop: read a batch,
decrypt, encrypt, write, commit; no KMS, no progress, no trail. The job is to reach half of it. The share is told by the
clock and by the processor's time, which does not mind what else the machine does.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from kms.encrypted_store import EncryptedStore
from kms.ownership import Scope
from kms.primitives import Aead, random_bytes
from services.console.world import World
from services.simulator import Simulator
from services.voice_id.data_classes import SPEAKER, VOICEPRINT

VOICEPRINT_BYTES = 313
BATCH = 1_000


@click.command()
@click.option("--speakers", default=100_000, show_default=True)
def main(speakers: int) -> None:
    """Measure the re-encryption of a domain."""
    with tempfile.TemporaryDirectory(prefix="connect-at-rest-") as directory, World(Path(directory)) as world:
        simulator = world.simulator
        client = world.person.client("voice-id")
        old, new = world.new_key("old"), world.new_key("new")
        encryption = {"KmsKeyId": old}
        domain = client.create_domain(Name="voices", ServerSideEncryptionConfiguration=encryption)["Domain"]
        fill(simulator, domain["Arn"], speakers)
        before = resident_bytes()
        client.update_domain(
            DomainId=domain["DomainId"], Name="voices", ServerSideEncryptionConfiguration={"KmsKeyId": new}
        )
        with Stopwatch() as moving:
            steps, longest, peak = move(simulator)
        details = client.describe_domain(DomainId=domain["DomainId"])["Domain"]["ServerSideEncryptionUpdateDetails"]
        if details["UpdateStatus"] != "COMPLETED":
            raise click.ClickException(str(details))
        records = simulator.database.count("records", {"scope_arn": domain["Arn"], "data_class": (SPEAKER, VOICEPRINT)})
        with Stopwatch() as looping:
            bare_loop(simulator, domain["Arn"])
        report(records, moving, looping, steps, longest, peak - before)


def fill(simulator: Simulator, arn: str, speakers: int) -> None:
    store = simulator.background_store("voice-id")
    scope = store.get_scope(arn)
    for start in range(0, speakers, BATCH):
        with simulator.database.unit():
            for number in range(start, min(start + BATCH, speakers)):
                add(store, scope, f"id#{number:022d}", number)
            store.kms.flush()


def add(store: EncryptedStore, scope: Scope, generated_id: str, number: int) -> None:
    name = f"customer-{number}"
    attributes = {"Status": "ENROLLED", "UpdatedAt": 0.0, "LastAccessedAt": 0.0}
    index = [("CustomerSpeakerId", name)]
    store.put(scope, SPEAKER, generated_id, {"CustomerSpeakerId": name}, attributes, index=index)
    store.put(scope, VOICEPRINT, generated_id, {"Voiceprint": random_bytes(VOICEPRINT_BYTES)})


class Stopwatch:
    """seconds: by the clock. processor_seconds: of this process."""

    def __enter__(self) -> Stopwatch:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._began[0]
        self.processor_seconds = time.process_time() - self._began[1]


def move(simulator: Simulator) -> tuple[int, float, int]:
    """Run the job: steps, the longest one in seconds, the most memory seen in bytes."""
    steps, longest, peak = 0, 0.0, 0
    while True:
        step_began = time.perf_counter()
        if not simulator.work():
            return steps, longest, peak
        longest = max(longest, time.perf_counter() - step_began)
        steps += 1
        peak = max(peak, resident_bytes())


def bare_loop(simulator: Simulator, arn: str) -> None:
    """Read, decrypt, encrypt and batched write alone, over the same rows, which it spoils."""
    database, old, new = simulator.database, Aead(random_bytes(32)), Aead(random_bytes(32))
    data_keys = {row["data_class"]: row["data_key_id"] for row in database.select("data_keys", {"scope_arn": arn})}
    for data_class in (SPEAKER, VOICEPRINT):
        nonce, aad = random_bytes(12), f"{arn}{data_class}".encode()
        while True:
            where = {"data_key_id": data_keys[data_class]}
            rows = list(database.stream("records", where, ("record_id", "sealed"), limit=BATCH))
            if not rows:
                break
            sealed = old.encrypt(nonce, bytes(len(rows[0][1])), aad)  # as long as the rows, under a key we have
            batch: list[tuple[Any, ...]] = [
                (new.encrypt(random_bytes(12), old.decrypt(nonce, sealed, aad), aad), "moved", arn, data_class, row[0])
                for row in rows
            ]
            with database.unit():
                database.update_many(
                    "records", ("scope_arn", "data_class", "record_id"), ("sealed", "data_key_id"), batch
                )


def report(records: int, moving: Stopwatch, looping: Stopwatch, steps: int, longest: float, grown: int) -> None:
    table = Table("measure", "value")
    table.add_row("records moved", f"{records:,}")
    table.add_row("records a second", f"{records / moving.seconds:,.0f}")
    table.add_row("bare loop, records a second", f"{records / looping.seconds:,.0f}")
    table.add_row("share of the bare loop", f"{looping.seconds / moving.seconds:.2f}")
    table.add_row("share, processor time", f"{looping.processor_seconds / moving.processor_seconds:.2f}")
    table.add_row("steps; the longest", f"{steps}; {1000 * longest:.0f} ms")
    table.add_row("growth of memory", f"{grown / 2**20:.1f} MiB")
    Console().print(table)


def resident_bytes() -> int:
    """Of this process; Linux alone tells."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
