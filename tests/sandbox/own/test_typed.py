"""Requests that are not as their service's model says are refused before anything is done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudlings.sandbox import Sandbox
from cloudlings.sandbox.own.typed import refusal_of
from tests.sandbox.conftest import send, signed


@pytest.mark.parametrize(
    ("service", "operation", "asked", "code"),
    [
        ("cloudtrail", "LookupEvents", {"LookupAttributes": "EventName"}, "SerializationException"),
        ("cloudtrail", "LookupEvents", {"MaxResults": "ten"}, "SerializationException"),
        ("cloudtrail", "LookupEvents", {"StartTime": "yesterday"}, "SerializationException"),
        ("cloudtrail", "LookupEvents", {"LookupAttributes": [{}]}, "ValidationException"),
        ("iam", "SimulateCustomPolicy", {"PolicyInputList": ["{}"]}, "ValidationError"),
        ("iam", "SimulateCustomPolicy", {"PolicyInputList": [1], "ActionNames": ["a:b"]}, "ValidationError"),
        ("ec2", "StartNetworkInsightsAnalysis", {}, "MissingParameter"),
        ("ec2", "DescribeNetworkInsightsPaths", {"MaxResults": "ten"}, "InvalidParameterValue"),
        ("ec2", "DescribeNetworkInsightsAnalyses", {"AnalysisStartTime": "now"}, "InvalidParameterValue"),
        ("accessanalyzer", "CheckAccessNotGranted", {"access": {}}, "SerializationException"),
        ("accessanalyzer", "ValidatePolicy", {"policyType": "IDENTITY_POLICY"}, "ValidationException"),
    ],
)
def test_what_is_not_as_the_model_says(service: str, operation: str, asked: Any, code: str) -> None:
    """A value of the wrong type, or a parameter that is missing, has the service's code."""
    refused = refusal_of(service, operation, asked)
    assert refused is not None
    assert refused.code == code


@pytest.mark.parametrize(
    ("service", "operation", "asked"),
    [
        ("cloudtrail", "LookupEvents", {"StartTime": 1_700_000_000.5, "MaxResults": 3}),
        ("ec2", "DescribeNetworkInsightsAnalyses", {"AnalysisStartTime": "2026-01-01T00:00:00Z"}),
        ("ec2", "StartNetworkInsightsAnalysis", {"NetworkInsightsPathId": "nip-1"}),
        ("accessanalyzer", "ListAnalyzers", {}),
    ],
)
def test_what_is_passes(service: str, operation: str, asked: Any) -> None:
    """What is as the model says is not refused; a token may be missing."""
    assert refusal_of(service, operation, asked) is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"LookupAttributes": [7]}', b'{"MaxResults": {}}'])
def test_a_request_written_by_hand_gets_an_error_of_awss(
    sandbox: Sandbox, account_id: str, body: bytes
) -> None:
    """Whatever is sent, the answer is an error of the service or an answer, never a failure inside."""
    headers = {
        "X-Amz-Target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents",
        "Content-Type": "application/x-amz-json-1.1",
    }
    keys = sandbox.credentials(account_id, "learner")
    made = signed(sandbox.endpoint_url, keys, "cloudtrail", "POST", "/", body, headers)
    answer = send(sandbox.endpoint_url, "POST", "/", made, body)
    assert answer.status in (200, 400)
    assert isinstance(json.loads(answer.body), dict)
