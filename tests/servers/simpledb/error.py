"""The errors that the SimpleDB stand-in answers with, each with the status the service documents.

``raise ServiceError("NoSuchDomain")``; the front turns it into the service's XML.
"""

from __future__ import annotations

# Developer Guide, "API Error Codes". What is not here is 400 Bad Request.
STATUS = {
    "AccessFailure": 403,
    "AttributeDoesNotExist": 404,
    "AuthFailure": 403,
    "AuthMissingFailure": 403,
    "ConditionalCheckFailed": 409,
    "InternalError": 500,
    # Not in the guide's table, but what Amazon's shared front answers for bad credentials.
    "InvalidClientTokenId": 403,
    "MultiValuedAttribute": 409,
    "NumberDomainAttributesExceeded": 409,
    "NumberDomainBytesExceeded": 409,
    "NumberDomainsExceeded": 409,
    "NumberItemAttributesExceeded": 409,
    "NumberSubmittedAttributesExceeded": 409,
    "NumberSubmittedItemsExceeded": 409,
    # The guide gives the limit of 1 MB a request and no code for it.
    "RequestEntityTooLarge": 413,
    "RequestTimeout": 408,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
}

MESSAGE = {
    "AuthMissingFailure": "The request carries no access key or no signature.",
    "InternalError": "The service failed on its own.",
    "InvalidClientTokenId": "The access key is not known here.",
    "InvalidNextToken": "The NextToken is not one of ours, or belongs to another expression.",
    "InvalidNumberPredicates": "The expression has too many predicates.",
    "InvalidNumberValueTests": "One predicate of the expression has too many value tests.",
    "InvalidSortExpression": (
        "The attribute to sort by must be in a predicate, and not only as one that is null."
    ),
    "NoSuchDomain": "There is no such domain.",
    "NumberDomainAttributesExceeded": "The domain has too many attributes.",
    "NumberDomainBytesExceeded": "The domain has too many bytes.",
    "NumberDomainsExceeded": "The account has too many domains.",
    "NumberItemAttributesExceeded": "The item would have too many attributes.",
    "NumberSubmittedAttributesExceeded": "One call brings too many attributes.",
    "NumberSubmittedItemsExceeded": "One call brings too many items.",
    "RequestEntityTooLarge": "The request is larger than 1 MB.",
    "RequestTimeout": "The query took longer than it may.",
    "ServiceUnavailable": "The service is busy; send fewer requests and try again.",
    "SignatureDoesNotMatch": "The signature is not the one this request would have.",
    "TooManyRequestedAttributes": "The expression names too many attributes to return.",
}


class ServiceError(Exception):
    """One refusal: the service's code, a message and the HTTP status that goes with the code."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code = code
        self.message = message or MESSAGE.get(code, code)
        super().__init__(f"{code}: {self.message}")

    @property
    def status(self) -> int:
        return STATUS.get(self.code, 400)


def invalid(parameter: str, value: str, reason: str) -> ServiceError:
    """InvalidParameterValue in the words the service uses for every parameter alike."""
    return ServiceError(
        "InvalidParameterValue", f"Value ({value}) for {parameter} is invalid. {reason}"
    )


def missing(parameter: str) -> ServiceError:
    return ServiceError("MissingParameter", f"The request must contain the parameter {parameter}.")
