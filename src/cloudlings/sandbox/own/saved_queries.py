"""Saved queries of CloudWatch Logs Insights, which no emulator keeps.

Source: CloudWatch Logs API reference, PutQueryDefinition, DescribeQueryDefinitions, DeleteQueryDefinition;
CloudWatch Logs User Guide, "CloudWatch Logs quotas" (1,000 saved queries in an account and Region).
"""

from __future__ import annotations

import time
import uuid
from typing import Final

from cloudlings.sandbox.own.registry import Answer, Handling, Output, Refusal, answers

_MOST: Final = 1000
_NONE: Final = Refusal("ResourceNotFoundException", "The specified query definition does not exist.")


@answers("logs", "PutQueryDefinition")
def put_query_definition(given: Handling) -> Answer:
    """Saves a query, or all of a saved one anew: what is left out then is not kept."""
    asked = given.input
    saved: dict[str, Output] = given.kept.setdefault("queries", {})
    made = asked.get("queryDefinitionId")
    if made and made not in saved:
        return _NONE
    if not made and len(saved) >= _MOST:
        return Refusal("LimitExceededException", "The limit of saved queries in this Region is reached.")
    made = made or str(uuid.uuid4())
    wanted = ("name", "queryString", "logGroupNames", "parameters")
    saved[made] = {
        "queryLanguage": asked.get("queryLanguage") or "CWLI",
        "queryDefinitionId": made,
        "lastModified": int(time.time() * 1000),
        **{member: asked[member] for member in wanted if asked.get(member)},
    }
    return {"queryDefinitionId": made}


@answers("logs", "DescribeQueryDefinitions")
def describe_query_definitions(given: Handling) -> Answer:
    """The saved queries of a Region by name, of a language and whose names begin with something if asked."""
    asked = given.input
    begins, language = asked.get("queryDefinitionNamePrefix") or "", asked.get("queryLanguage")
    saved: dict[str, Output] = given.kept.get("queries", {})
    found = [
        one
        for one in sorted(saved.values(), key=lambda one: (one["name"], one["queryDefinitionId"]))
        if one["name"].startswith(begins) and language in (None, one["queryLanguage"])
    ]
    token, most = str(asked.get("nextToken") or "0"), int(asked.get("maxResults") or _MOST)
    if not token.isdecimal() or int(token) > len(found):
        return Refusal("InvalidParameterException", "The specified nextToken is invalid.")
    end = int(token) + most
    more = str(end) if end < len(found) else None
    return {"queryDefinitions": found[int(token) : end], "nextToken": more}


@answers("logs", "DeleteQueryDefinition")
def delete_query_definition(given: Handling) -> Answer:
    """Forgets a saved query."""
    gone = given.kept.setdefault("queries", {}).pop(given.input["queryDefinitionId"], None)
    return {"success": True} if gone else _NONE
