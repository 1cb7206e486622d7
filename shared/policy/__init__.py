"""The IAM policy language: parse, validate, evaluate, explain.

Follows the "IAM JSON policy reference" of the IAM User Guide and, for what a key policy may say, "Key
policies in AWS KMS". Left out: what the policies of one call say together, and whether a named principal
exists.

    errors      a policy that AWS would not take
    request     what is asked of a policy
    patterns    wildcards and policy variables
    principals  whom a statement names
    conditions  the operators of a Condition block
    json_text   the JSON of a policy, read strictly
    document    parse_policy: JSON text -> Policy
    renaming    principals under another name
    evaluation  evaluate and explain: Policy + PolicyRequest -> Decision
"""

from shared.policy.document import Policy, PolicyKind, Statement, parse_policy
from shared.policy.errors import InvalidJson, MalformedPolicy, PolicySyntaxError
from shared.policy.evaluation import SILENT, Decision, Verdict, evaluate, explain
from shared.policy.request import PolicyRequest

__all__ = [
    "SILENT",
    "Decision",
    "InvalidJson",
    "MalformedPolicy",
    "Policy",
    "PolicyKind",
    "PolicyRequest",
    "PolicySyntaxError",
    "Statement",
    "Verdict",
    "evaluate",
    "explain",
    "parse_policy",
]
