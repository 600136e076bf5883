"""What schemathesis asks of the API beside its own checks."""

import json

import schemathesis

# A refusal of input that the schemas allow is good when the document says which rule was broken.


@schemathesis.check
def refusal_names_its_rule(ctx, response, case):
    meta = case.meta
    if response.status_code != 400 or meta is None or not meta.generation.mode.is_positive:
        return
    problem = json.loads(response.content)
    rules = case.operation.definition.raw.get("x-rules", [])
    details = problem.get("details")
    if problem["code"] == "invalid-request" and isinstance(details, list):
        unknown = [fault["message"] for fault in details if fault["message"] not in rules]
    elif problem["code"] == "invalid-request":
        unknown = [] if any(rule in problem["detail"] for rule in rules) else [problem["detail"]]
    else:
        # In the form of OpenCost the parts of the request that a schema refused are told in the text.
        message = problem.get("message", "")
        unknown = [message] if '"in":"' in message and not any(rule in message for rule in rules) else []
    assert not unknown, f"Neither the schemas nor x-rules of {case.operation.label} say: {unknown}"
