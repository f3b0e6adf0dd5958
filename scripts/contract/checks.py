"""What schemathesis checks besides: nothing succeeds that the caller's role does not include."""

import json
import os
import urllib.request

import schemathesis


def _may():
    if not os.environ["AMENDS_TOKEN"]:
        return []
    request = urllib.request.Request(
        os.environ["AMENDS_URL"] + "/api/v1/me",
        headers={"Authorization": "Bearer " + os.environ["AMENDS_TOKEN"]},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["may"]


MAY = set(_may())


def _act(case):
    raw = case.operation.definition.raw
    body = case.body if isinstance(case.body, dict) else {}
    if case.operation.path.endswith("/commands"):
        command = body.get("command")
        return command if isinstance(command, str) else None
    return raw.get("x-act")


@schemathesis.check
def only_what_the_role_may(ctx, response, case):
    act = _act(case)
    if act is None or act in MAY:
        return
    if response.status_code < 400:
        raise AssertionError(f"{act} succeeded with {response.status_code}, and the caller may only {sorted(MAY)}")
