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
    resource_names  the resources that an identity policy can name
    renaming    principals under another name
    evaluation  evaluate and explain: Policy + PolicyRequest -> Decision
"""

from shared.policy.document import Policy, PolicyKind, Statement, parse_policy
from shared.policy.errors import InvalidJson, MalformedPolicy, PolicySyntaxError
from shared.policy.evaluation import SILENT, Decision, Verdict, evaluate, explain
from shared.policy.request import PolicyRequest
from shared.policy.resource_names import check_resources

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
    "check_resources",
    "evaluate",
    "explain",
    "parse_policy",
]
