"""A world of an older version opens: what it held is there in the new form."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from sqlite_utils import Database as SqliteUtils

from kms.key_hierarchy import DomainKey
from shared.clock import Clock
from shared.credentials import Credentials
from shared.database import Database
from shared.identities import Identities
from shared.migrations import migrations
from shared.randomness import Randomness

ACCOUNT = "111122223333"
USER = f"arn:aws:iam::{ACCOUNT}:user/ann"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/monday"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
USER_KEY, SESSION_KEY = "AKIAXXXXXXXXXXXXXXXX", "ASIAXXXXXXXXXXXXXXXX"


def add_principal(world: SqliteUtils, arn: str, kind: str, unique_id: str, policies: list[str], **more: Any) -> None:
    row = {"arn": arn, "account_id": ACCOUNT, "kind": kind, "name": "ann" if arn == USER else "reader"}
    row |= {"unique_id": unique_id, "policies": json.dumps(policies), "created_at": 1.0}
    world["principals"].insert({**row, **more})


def add_access_key(world: SqliteUtils, box: DomainKey, key_id: str, arn: str, **more: Any) -> None:
    wrapped = box.wrap(b"secret", binding=key_id.encode())
    row = {"access_key_id": key_id, "principal_arn": arn, "wrapped_secret": wrapped, "is_demo": 0}
    world["access_keys"].insert({**row, **more})


def test_principals_keep_their_policies_and_sessions_their_credentials(tmp_path: Path) -> None:
    box = DomainKey.ephemeral()
    path = tmp_path / "world"
    connection = sqlite3.connect(path)
    world = SqliteUtils(connection)
    migrations.apply(world, stop_before="users_roles_and_policies")
    add_principal(world, USER, "IAMUser", "AIDA1", [POLICY, POLICY])
    add_principal(world, ROLE, "Role", "AROA1", [POLICY])
    add_principal(world, SESSION, "AssumedRole", "AROA1:monday", [], issuer_arn=ROLE)
    add_access_key(world, box, USER_KEY, USER)
    add_access_key(world, box, SESSION_KEY, SESSION, session_token_digest=box.digest(b"the token"))
    connection.commit()
    connection.close()

    database = Database(path)
    clock, randomness = Clock(database), Randomness(database)
    identities = Identities(database, clock, randomness)
    credentials = Credentials(database, clock, randomness, identities, box)
    user = credentials.principal_of(USER_KEY)
    assert (user.arn, [policy.text for policy in user.policies]) == (USER, [POLICY, POLICY])
    session = credentials.principal_of(SESSION_KEY, "the token")
    assert (session.arn, session.unique_id, session.role_arn) == (SESSION, "AROA1:monday", ROLE)
    assert [policy.text for policy in session.policies] == [POLICY]
    assert credentials.secret_of(SESSION_KEY) == "secret"
    role = identities.find_role(ROLE)
    assert role is not None
    assert f"arn:aws:iam::{ACCOUNT}:root" in role["trust_policy"]
    database.close()


def test_speakers_of_older_worlds_count(tmp_path: Path) -> None:
    path = tmp_path / "world"
    connection = sqlite3.connect(path)
    world = SqliteUtils(connection)
    migrations.apply(world, stop_before="tallies")
    row = {"parent": "", "data_key_id": None, "sealed": None, "attributes": "{}", "created_at": 1.0}
    for scope, data_class, record_id in (("a", "speaker", "1"), ("a", "speaker", "2"), ("a", "job", "1")):
        world["records"].insert({"scope_arn": scope, "data_class": data_class, "record_id": record_id, **row})
    connection.commit()
    connection.close()

    database = Database(path)
    assert database.select("tallies", {}) == [{"scope_arn": "a", "name": "speaker", "amount": 2}]
    database.close()
