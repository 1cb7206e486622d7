"""The control API's faults: what can be slow, throttled or broken, switched on and off."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from kms import store_backing
from services.blueprints import simulator
from services.console.control_calls import BadRequest, body_of, flag, in_unit
from shared import demo_world
from shared.faults import FaultSettings

faults = Blueprint("faults", __name__)


@faults.get("/faults")
def get_faults() -> Response:
    """What is switched on; null is off."""
    return jsonify(simulator().faults.settings)


@faults.post("/faults")
@in_unit
def change_faults() -> Response:
    """{"grant_consistency": "PT5M", "request_quotas": true}: switch faults on, or off with null; others stay."""
    try:
        simulator().faults.change(body_of(*simulator().faults.settings))
    except FaultSettings as error:
        raise BadRequest(str(error)) from error
    simulator().rates.forget()
    return get_faults()


@faults.post("/custom-key-stores")
@in_unit
def custom_key_stores() -> Response:
    """{"Account", "Region", "CustomKeyStoreId", "Available", "ConnectionErrorCode"}: break what stands behind a store.

    Or mend it, with "Available": true. The code says what is out of order; without one it is the likeliest thing.
    """
    body = body_of("Account", "Region", "CustomKeyStoreId", "Available", "ConnectionErrorCode")
    world, region = simulator(), body.get("Region", demo_world.REGION)
    where = {"account_id": body.get("Account"), "region": region, "store_id": body.get("CustomKeyStoreId")}
    row = world.database.find("custom_key_stores", where) if all(isinstance(v, str) for v in where.values()) else None
    if row is None:
        raise BadRequest('"Account", "Region" and "CustomKeyStoreId" must be those of a custom key store.')
    store = store_backing.CustomKeyStore(**row)
    codes = store_backing.OUTAGES[store.kind]
    code = body.get("ConnectionErrorCode", next(iter(codes)))
    if not isinstance(code, str) or code not in codes:
        raise BadRequest(f'"ConnectionErrorCode" must be one of {", ".join(codes)}.')
    outage = None if flag(body.get("Available"), "Available") else code
    store_backing.set_outage(world.engine, store, outage)
    return jsonify({"CustomKeyStoreId": store.store_id, "Available": outage is None, "ConnectionErrorCode": outage})
