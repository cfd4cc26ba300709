"""Hooks of Schemathesis: they end what has no end, and give part of the good requests names and values that exist.

Loaded through SCHEMATHESIS_HOOKS. Only requests that are meant to be good are changed, or parameters that are good.
"""
import json
import os
import zlib

import schemathesis
from schemathesis import GenerationMode

# Two pipelines of the service: nothing may be done to the first one.
KEPT, CHANGED = "kept", "changed"
ENDLESS = {"watchEvents", "watchPictures", "watchStreams"}
CHANGES = {"stopPipeline", "drainPipeline", "restartPipeline", "forgetChanges", "deletePipeline", "addStream", "removeStream", "changeOptions"}
OPTIONS = [{"busyMs": 1}, {"busyMs": 0}, {"busyMs": "x"}, {"nothing": 1}]


def dice(case, sides):
    """The same for the same case in each run."""
    parts = [case.operation.label, case.path_parameters, case.query, repr(case.body)]
    return zlib.crc32(json.dumps(parts, default=repr, sort_keys=True).encode()) % sides


def is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool) or isinstance(value, str) and value.isdecimal()


@schemathesis.hook
def before_call(context, case, **kwargs):
    operation = case.operation.definition.raw["operationId"]
    path, query = case.path_parameters or {}, case.query
    is_good = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
    number = dice(case, 60)
    if operation in ENDLESS:
        end(case, operation, is_good)
    if is_good and "name" in path and number % 3:
        path["name"] = CHANGED if operation in CHANGES or number % 2 else KEPT
    if operation in CHANGES and path.get("name") == KEPT:
        path["name"] = CHANGED
    if not is_good:
        return
    if operation in ("takeSnapshot", "watchPictures") and "stream" in (query or {}) and number % 2:
        query["stream"] = "camera"
    if operation == "changeOptions" and number % 3:
        path["stage"], case.body = "objects", {"options": OPTIONS[number % len(OPTIONS)]}
    if operation == "addStream" and number % 3 == 1:
        case.body = {"id": f"more{number}", "url": os.environ["CHECK_HTTP_CLIP"]}
    if operation == "removeStream" and number % 3 == 1:
        path["stream"] = f"more{number}"
    if operation == "createPipeline" and number % 3:
        body = json.loads(os.environ["CHECK_HTTP_PIPELINE"])
        body["stages"][-1] = {"id": "results", "type": "sink.null", "after": ["objects"]}
        case.body = {"name": f"made{number}", "pipeline": body, "start": number % 6 == 1}
    if operation == "deletePipeline" and number % 3:
        path["name"] = f"made{number}"
    if operation == "pullModel" and number % 3:
        path["model"] = "yunet-n"


def end(case, operation, is_good):
    """`max` where there is none or a large one. Without an event to come, none is waited for."""
    query = case.query if case.query is not None else {}
    if "max" not in query or is_whole(query["max"]) and int(query["max"]) <= 1_000_000:
        is_known = operation == "watchPictures" or query.get("pipeline", KEPT) == KEPT
        query["max"] = 1 if is_known else 0
    if operation == "watchStreams":
        if is_good:
            query["streams"] = f"{KEPT}/camera"
        elif is_whole(query["max"]):
            query["max"] = 0
    if operation == "watchEvents":
        if not is_good:
            query["max"] = 0 if query["max"] == 1 else query["max"]
        else:
            case.headers["Last-Event-ID"] = "none"
    elif isinstance(query.get("rate"), float | int) and 0.1 <= query["rate"] <= 10:
        query["rate"] = 10
    case.query = query
