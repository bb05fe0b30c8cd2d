"""CloudFormation: what is refused before anything is made."""

from __future__ import annotations

from tests.sandbox.behaviour.cloudformation import (
    CAPABILITIES,
    IMPOSSIBLE,
    PARAMETERS,
    QUEUE,
    STACKS,
    TEMPLATE,
    create,
    delete,
    of,
    text,
    update,
)
from tests.sandbox.behaviour.probe import refused

for _sentence, _body in {
    "A template is JSON or YAML.": '{"Resources": ',
    "A template has resources.": '{"Outputs": {}}',
    "A template has the sections that there are.": text({"A": QUEUE}, Resurces={}),
    "A resource is of a type that there is.": text({"A": of("SQS::Kew")}),
    "Resources do not need each other in a circle.": text(
        {"A": QUEUE | {"DependsOn": "B"}, "B": QUEUE | {"DependsOn": "A"}}
    ),
    "A reference is to something in the template.": text({"A": of("SQS::Queue", QueueName={"Ref": "Nope"})}),
    "A resource is asked for an attribute that it has.": text(
        {"A": QUEUE, "B": of("SSM::Parameter", Type="String", Value={"Fn::GetAtt": ["A", "Colour"]})}
    ),
    "A function is one that there is.": text({"A": of("SQS::Queue", QueueName={"Fn::Upper": "a"})}),
    "A template has 51,200 bytes at most, where it is not in a bucket.": text(
        {"A": QUEUE}, Metadata={"x": "x" * 52_000}
    ),
    "A template has 500 resources at most.": text({f"A{n}": {"Type": "AWS::SQS::Queue"} for n in range(501)}),
}.items():  # fmt: skip
    refused(
        "CloudFormation", "ValidationError", _sentence, TEMPLATE,
        lambda a, _b=_body: a.cloudformation.create_stack(StackName=a.name("stack"), TemplateBody=_b),
    )  # fmt: skip

for _sentence, _declared, _given in (
    ("A parameter has a value.", {"Type": "String"}, None),
    (
        "A parameter's value is one of those that are allowed.",
        {"Type": "String", "AllowedValues": ["a"]},
        "b",
    ),
    ("A parameter's value matches its pattern.", {"Type": "String", "AllowedPattern": "[a-z]+"}, "B1"),
    ("A parameter's number is in its range.", {"Type": "Number", "MaxValue": 3}, "4"),
):
    refused(
        "CloudFormation", "ValidationError", _sentence, PARAMETERS,
        lambda a, _d=_declared, _g=_given: a.cloudformation.create_stack(
            StackName=a.name("stack"), TemplateBody=text({"A": QUEUE}, Parameters={"P": _d}),
            Parameters=[{"ParameterKey": "P", "ParameterValue": _g}] if _g else [],
        ),
    )  # fmt: skip

for _code, _sentence, _calls in (
    ("AlreadyExistsException", "Two stacks do not have one name.",
     lambda a: create(a, {"A": QUEUE}, name=create(a, {"A": QUEUE}))),
    ("ValidationError", "A stack's name has no space.",
     lambda a: a.cloudformation.create_stack(StackName="my stack", TemplateBody=text({"A": QUEUE}))),
    ("ValidationError", "A stack that there is not is not described.",
     lambda a: a.cloudformation.describe_stacks(StackName="nope")),
    ("ValidationError", "An update changes something.",
     lambda a: a.cloudformation.update_stack(StackName=create(a, {"A": QUEUE}), UsePreviousTemplate=True)),
    ("ValidationError", "A stack that was rolled back is not updated.",
     lambda a: update(a, create(a, {"A": IMPOSSIBLE}), {"A": QUEUE})),
    ("ValidationError", "A protected stack is not deleted.",
     lambda a: delete(a, create(a, {"A": QUEUE}, EnableTerminationProtection=True))),
    ("ChangeSetNotFound", "A change set that there is not is not described.",
     lambda a: a.cloudformation.describe_change_set(StackName=create(a, {"A": QUEUE}), ChangeSetName="nope")),
):  # fmt: skip
    refused("CloudFormation", _code, _sentence, STACKS, _calls)

for _sentence, _name, _stated in (
    ("Whoever makes identities by a template says that they know.", {}, []),
    (
        "Whoever gives identities names by a template says that they know.",
        {"GroupName": "g"},
        ["CAPABILITY_IAM"],
    ),
):
    refused(
        "CloudFormation", "InsufficientCapabilitiesException", _sentence, CAPABILITIES,
        lambda a, _n=_name, _s=_stated: create(a, {"G": of("IAM::Group", **_n)}, Capabilities=_s),
    )  # fmt: skip
