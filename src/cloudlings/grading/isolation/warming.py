"""What every submission of a lab would read anew, read before its processes are forked.

botocore keeps what it has read for each session, each client even, and a fork begins with new ones. Here what
depends on nothing but botocore's own files is kept for the process and those that are forked from it.
"""

from __future__ import annotations

import copy
import functools
import gc
import importlib
import inspect
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cloudlings.grading.isolation import linux

# Fewer looks at what is new: these processes live for a second.
_LOOKS = (100_000, 20, 20)
_CLIENT = re.compile(r"\b(?:client|resource)\(\s*[\"']([a-z0-9-]+)[\"']")
# A bucket whose name is one label of a host's name, and none that S3 reads a kind or a place from (its rules
# look for "--" at the end, and for ARNs).
_PLAIN_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]")
_STAND_INS = ("stands-for-all-0", "so-does-this-one")
_NO_MATTER = ("Bucket", "Key", "Prefix", "CopySource")
ALWAYS = ("iam", "s3", "ssm", "sts")
"""The services that every lab uses."""
_IMPORTED = (
    "cloudlings.cost.prices",
    "cloudlings.models.lifecycle",
    "cloudlings.notebook.account",
    "cloudlings.notebook.completion",
    "cloudlings.notebook.dress",
    "cloudlings.notebook.errors",
    "cloudlings.notebook.magics",
    "cloudlings.notebook.roles",
    "encodings.idna",
)


def settle(*, many: bool) -> None:
    """Make what this process holds cheap to fork: the collector does not look at it any more, and, where
    many forks follow, it lies in few pages, which takes some tenths of a second."""
    if many:
        # First: whose pages are still shared with one that was forked gets its own by it.
        linux.gather_memory()
    else:
        # Where many follow, garbage of what was imported costs less than looking for it.
        gc.collect()
    gc.freeze()
    gc.enable()


def services_of(*files: Path) -> tuple[str, ...]:
    """The services that a lab's files make clients of, and those that every lab uses."""
    texts = (path.read_text(errors="replace") for path in files if path.is_file())
    found = {name for text in texts for name in _CLIENT.findall(text)}
    return tuple(sorted({*ALWAYS, *(found & _known())}))


@functools.cache
def _known() -> frozenset[str]:
    import botocore.session

    return frozenset(botocore.session.Session().get_available_services())


@functools.cache
def read_files_once() -> None:
    """What botocore reads of its own files it keeps for this process, and not for a session."""
    from botocore.loaders import JSONFileLoader

    JSONFileLoader.load_file = staticmethod(functools.lru_cache(maxsize=256)(JSONFileLoader().load_file))


def keep_what_is_read() -> None:
    """Models, rule sets and names that were made once are not made again, by whichever client."""
    from botocore import client, hooks, httpsession, regions, useragent
    from botocore.endpoint_provider import EndpointProvider
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    read_files_once()
    Loader.list_available_services = _services_kept(Loader.list_available_services)
    # By the data's identity: the loader above gives the same object for the same file, and keeps it.
    client.ServiceModel = _by_identity(ServiceModel)
    regions.EndpointProvider = _by_identity(EndpointProvider)
    EndpointProvider.resolve_endpoint = _buckets_alike(EndpointProvider)
    hooks.EventAliaser._alias_event_name = _aliases_kept(hooks)
    hooks.EventAliaser.__copy__ = _copied
    hooks._PrefixTrie._recursive_copy = _copied_trie
    hooks.accepts_kwargs = _accepting(hooks.accepts_kwargs)
    words = functools.lru_cache(maxsize=1024)(useragent.sanitize_user_agent_string_component)
    useragent.sanitize_user_agent_string_component = words
    useragent.UserAgentString.to_string = _agents_kept(useragent)
    client.ClientCreator._create_methods = _methods_kept(client.ClientCreator._create_methods)
    # Nothing but plain HTTP is in reach: no one sets up another.
    httpsession.create_urllib3_context = functools.cache(httpsession.create_urllib3_context)
    gc.set_threshold(*_LOOKS)


def _services_kept(look: Any) -> Any:
    """What there is in the same folders is the same; boto3's loaders look in its own as well."""
    found: dict[tuple[str, ...], list[str]] = {}

    def kept(loader: Any, type_name: str) -> list[str]:
        key = (type_name, *loader.search_paths)
        if key not in found:
            found[key] = look(loader, type_name)
        return list(found[key])

    return kept


def _by_identity(make: Any) -> Any:
    made: dict[Any, tuple[Any, Any]] = {}

    def one(*positional: Any, **named: Any) -> Any:
        values = (*positional, *named.values())
        key = (*named, *(value if isinstance(value, str) else id(value) for value in values))
        if key not in made:
            # The values are kept as well, for nothing else to get their identity.
            made[key] = (make(*positional, **named), values)
        return made[key][0]

    return one


def _aliases_kept(hooks: Any) -> Any:
    """Few events have another name. One that holds none of the old ones is not looked through for each."""
    alias, found = hooks.EventAliaser._alias_event_name, {}
    dotted = [name for name in hooks.EVENT_ALIASES if "." in name]
    plain = frozenset(hooks.EVENT_ALIASES) - frozenset(dotted)

    def kept(aliaser: Any, event_name: str) -> str:
        if aliaser._event_aliases is not hooks.EVENT_ALIASES:
            return str(alias(aliaser, event_name))
        if event_name not in found:
            old = not plain.isdisjoint(event_name.split(".")) or any(name in event_name for name in dotted)
            found[event_name] = alias(aliaser, event_name) if old else event_name
        return str(found[event_name])

    return kept


def _copied(aliaser: Any) -> Any:
    """A client's events, with the one table of names: nobody writes in it."""
    return type(aliaser)(copy.copy(aliaser._emitter), aliaser._event_aliases)


def _copied_trie(trie: Any, node: dict[str, Any]) -> dict[str, Any]:
    """What `copy.copy` of each of a trie's parts makes, made at once: every client has a copy."""
    made: dict[str, Any] = {}
    for key, value in node.items():
        if isinstance(value, dict):
            made[key] = _copied_trie(trie, value)
        elif isinstance(value, tuple):
            made[key] = type(value)(*map(list, value))
        else:
            made[key] = value
    return made


def _accepting(accepts: Any) -> Any:
    """Whether a handler takes any keyword, as its code says it; a client has eighty handlers."""

    def found(handler: Any) -> bool:
        code = getattr(getattr(handler, "__func__", handler), "__code__", None)
        return bool(accepts(handler) if code is None else code.co_flags & inspect.CO_VARKEYWORDS)

    return found


def _agents_kept(useragent: Any) -> Any:
    """A client says who it is twice for each request, in the same words while it is set up the same."""
    say, found = useragent.UserAgentString.to_string, {}
    looked_at = ("user_agent", "_supplied_user_agent", "user_agent_extra", "user_agent_appid")

    def kept(agent: Any) -> str:
        own, about = dict(vars(agent)), agent._client_config
        own["_client_config"] = about and (
            *(getattr(about, name, "") for name in looked_at),
            str(about.retries),
            about.endpoint_discovery_enabled,
        )
        context = useragent.get_context()
        own["_client_features"] = frozenset(agent._client_features or ())
        key = (frozenset(context.features if context else ()), *own.values())
        try:
            if key not in found:
                found[key] = say(agent)
            return str(found[key])
        except TypeError:
            # Set up with something that is no text.
            return str(say(agent))

    return kept


def _buckets_alike(provider: Any) -> Any:
    """S3's rules tell no two buckets with plain names apart: where one is, the others are."""
    resolve, found = provider.resolve_endpoint, {}

    def resolved(rules: Any, **asked: Any) -> Any:
        name = asked.get("Bucket")
        if "AccountId" in asked or not isinstance(name, str) or not _PLAIN_BUCKET.fullmatch(name):
            return resolve(rules, **asked)
        key = (id(rules), *((each, value) for each, value in asked.items() if each not in _NO_MATTER))
        if key not in found:
            # The rules are kept as well, for nothing else to get their identity.
            found[key] = _stand_in(resolve, rules, asked), rules
        known = found[key][0]
        return (
            known._replace(url=known.url.replace(_STAND_INS[0], name)) if known else resolve(rules, **asked)
        )

    return resolved


def _stand_in(resolve: Any, rules: Any, asked: Mapping[str, Any]) -> Any:
    """The endpoint of a bucket that stands for all with plain names; None where they are not alike."""
    from botocore.exceptions import EndpointProviderError

    try:
        one, other = (resolve(rules, **{**asked, "Bucket": name}) for name in _STAND_INS)
    except EndpointProviderError:
        return None
    alike = one._replace(url=one.url.replace(*_STAND_INS)) == other
    return one if alike and _STAND_INS[0] not in str(one.properties) + str(one.headers) else None


def _methods_kept(make: Any) -> Any:
    """A service's methods are the same for each of its clients, for they know nothing of them."""
    found: dict[int, tuple[Any, dict[str, Any]]] = {}

    def kept(creator: Any, service_model: Any) -> dict[str, Any]:
        if id(service_model) not in found:
            found[id(service_model)] = (service_model, make(creator, service_model))
        return dict(found[id(service_model)][1])

    return kept


_with_clients: set[str] = set()


def clients(services: Iterable[str]) -> None:
    """Make a client of each service, and ask its model for all that its operations take and give: once in
    this process and those that are forked from it."""
    import boto3

    session = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="us-east-1")
    for name in set(services) - _with_clients:
        _with_clients.add(name)
        made = session.client(name)
        made.can_paginate(next(iter(made._PY_TO_OP_NAME)))
        model = made.meta.service_model
        for operation in model.operation_names:
            spec = model.operation_model(operation)
            for shape in (spec.input_shape, spec.output_shape, *spec.error_shapes):
                _walk(shape, set())
        model.error_shapes  # noqa: B018 - made when it is asked for


def _walk(shape: Any, above: set[str]) -> None:
    """A shape's parts are made when they are first asked for."""
    if shape is None or shape.name in above:
        return
    above.add(shape.name)
    for each in getattr(shape, "members", {}).values():
        _walk(each, above)
    for part in ("member", "key", "value"):
        _walk(getattr(shape, part, None), above)


def notebook() -> None:
    """What a learner's kernel has at hand."""
    for name in _IMPORTED:
        importlib.import_module(name)
    importlib.import_module("cloudlings.cost.prices").price_table()
    # By its name: what a learner's kernel will import, and not a part of this.
    templates = importlib.import_module("cloudlings.notebook.render")._templates
    for name in templates.list_templates():
        templates.get_template(name)


def outputs() -> None:
    """nbformat's schemas, compiled."""
    from cloudlings.grading.nbgrader.outputs import Outputs

    shown = {"data": {"text/html": "<b>1</b>", "text/plain": "1"}, "metadata": {}, "execution_count": None}
    for kind, content in (
        ("stream", {"name": "stdout", "text": "1"}),
        ("error", {"ename": "E", "evalue": "1", "traceback": ["1"]}),
        ("display_data", shown),
        ("execute_result", shown),
    ):
        Outputs().take({"msg_type": kind, "header": {"msg_type": kind}, "content": content})


@functools.cache
def _reading_models_once() -> Any:
    """MiniStack's table of actions, which asks for a service's model once for each thing that it makes."""
    from ministack.core import iam_actions

    iam_actions._load_botocore_model = functools.lru_cache(maxsize=1)(iam_actions._load_botocore_model)
    return iam_actions


def gateway(services: Iterable[str]) -> None:
    """What the gateway and MiniStack read of a service when its first request comes."""
    from ministack.core import responses

    from cloudlings.iam import data
    from cloudlings.sandbox import operations, shapes
    from cloudlings.sandbox.authorization import inputs
    from cloudlings.sandbox.routes import BY_MODEL
    from cloudlings.sandbox.rules import constraints, errors

    iam_actions = _reading_models_once()
    for name in services:
        # A request is looked for in all models that sign by one name.
        route = BY_MODEL.get(name)
        for model in route.models if route else ():
            operations.service_index(model)
            errors._codes(model)
            shapes.model(model)
        index = operations.service_index(name)
        operations.needs_no_credentials(name, "")
        operations.enumerations(name)
        errors._codes(name)
        data.actions_of(name)
        data.key_type(f"{name}:none")
        iam_actions._tag_operations(name)
        iam_actions._get_routes_for_service(name)
        iam_actions.unsigned_operations(name)
        for known_as in {name, *(each for each, there in responses._BOTOCORE_NAME.items() if there == name)}:
            responses._service_model(known_as)
        if index.protocol.startswith("rest"):
            inputs._labels(name)
        for operation in index.operations:
            shape = shapes.input_shape(name, operation)
            if shape:
                constraints.is_limited(name, shape)
