"""DynamoDB."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tests.sandbox.behaviour.probe import Aws, Differs, gives, probe, refused, same

TABLES = "DynamoDB API reference, CreateTable; DynamoDB Developer Guide, Quotas"
ITEMS = "DynamoDB API reference, PutItem; GetItem; UpdateItem"
QUERY = "DynamoDB API reference, Query; Developer Guide, DynamoDB read consistency"
BATCHES = "DynamoDB API reference, BatchWriteItem; BatchGetItem; TransactWriteItems"
WORDS = "DynamoDB Developer Guide, Reserved words; Expression attribute names"
KEY = {"pk": {"S": "1"}}


def create(aws: Aws, **more: Any) -> None:
    settings = {
        "TableName": "things",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    } | more
    aws.dynamodb.create_table(**{k: v for k, v in settings.items() if v is not None})


def index(name: str = "by-mail", attribute: str = "mail") -> dict[str, Any]:
    schema = [{"AttributeName": attribute, "KeyType": "HASH"}]
    return {"IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}


def strings(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


for _sentence, _more in {
    "A key's attribute is defined.": {"AttributeDefinitions": strings("other")},
    "No attribute is defined that no key has.": {"AttributeDefinitions": strings("pk", "mail")},
    "An index's key is defined.": {"GlobalSecondaryIndexes": [index()]},
    "A provisioned table says how much.": {"BillingMode": "PROVISIONED"},
    "A table on demand says not how much.": {
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    },
    "A table has at most 20 global indexes.": {
        "AttributeDefinitions": strings("pk", "mail"),
        "GlobalSecondaryIndexes": [index(f"i{n:02}") for n in range(21)],
    },
    "A table's name has three characters at least.": {"TableName": "ab"},
    "A table's name keeps to its characters.": {"TableName": "my table"},
    "A key begins with a partition key.": {"KeySchema": [{"AttributeName": "pk", "KeyType": "RANGE"}]},
    "A local index shares the partition key.": {
        "AttributeDefinitions": strings("pk", "sk", "mail"),
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "LocalSecondaryIndexes": [
            {
                "IndexName": "local",
                "Projection": {"ProjectionType": "ALL"},
                "KeySchema": [
                    {"AttributeName": "mail", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
            }
        ],
    },
}.items():
    refused("DynamoDB", "ValidationException", _sentence, TABLES, lambda a, _more=_more: create(a, **_more))
refused(
    "DynamoDB",
    "ResourceInUseException",
    "A table's name is given once.",
    TABLES,
    lambda a: [create(a) for _ in range(2)],
)
refused(
    "DynamoDB",
    "ResourceNotFoundException",
    "A table that is not there is not found.",
    TABLES,
    lambda a: a.dynamodb.describe_table(TableName="none"),
)
refused(
    "DynamoDB",
    "ValidationException",
    "A protected table is not deleted.",
    "DynamoDB Developer Guide, Deletion protection",
    lambda a: a.dynamodb.delete_table(TableName=a.table(DeletionProtectionEnabled=True)),
)


def put(aws: Aws, item: dict[str, Any] | None = None, **more: Any) -> str:
    name = more.pop("TableName", None) or aws.table()
    aws.dynamodb.put_item(TableName=name, Item=item or KEY, **more)
    return str(name)


for _sentence, _item in {
    "An item has its key.": {"other": {"S": "1"}},
    "A key is of its type.": {"pk": {"N": "1"}},
    "A key is not empty.": {"pk": {"S": ""}},
    "An item has 400 KB at most.": KEY | {"text": {"S": "x" * 410_000}},
    "A number is one.": KEY | {"n": {"N": "many"}},
    "A set is not empty.": KEY | {"s": {"SS": []}},
    "A set has no member twice.": KEY | {"s": {"SS": ["a", "a"]}},
    "A number has 38 digits at most.": KEY | {"n": {"N": "1" * 39}},
}.items():
    refused("DynamoDB", "ValidationException", _sentence, ITEMS, lambda a, _item=_item: put(a, _item))
refused(
    "DynamoDB",
    "ConditionalCheckFailedException",
    "A condition that fails writes nothing.",
    ITEMS,
    lambda a: put(a, TableName=put(a), ConditionExpression="attribute_not_exists(pk)"),
)


def update(aws: Aws, expression: str, **more: Any) -> None:
    aws.dynamodb.update_item(TableName=aws.table(), Key=KEY, UpdateExpression=expression, **more)


for _sentence, _arguments in {
    "A key is not changed.": ("SET pk = :v", {"ExpressionAttributeValues": {":v": {"S": "2"}}}),
    "A reserved word is not an attribute's name.": (
        "SET #n = :v, status = :v",
        {"ExpressionAttributeValues": {":v": {"S": "2"}}, "ExpressionAttributeNames": {"#n": "n"}},
    ),
    "A name that is defined is used.": (
        "SET a = :v",
        {"ExpressionAttributeValues": {":v": {"S": "2"}}, "ExpressionAttributeNames": {"#n": "n"}},
    ),
    "A value that is defined is used.": (
        "SET a = :v",
        {"ExpressionAttributeValues": {":v": {"S": "2"}, ":w": {"S": "3"}}},
    ),
    "A value that is used is defined.": ("SET a = :v", {}),
    "An expression has a verb.": ("a = :v", {"ExpressionAttributeValues": {":v": {"S": "2"}}}),
    "A path is changed once.": ("SET a = :v, a = :v", {"ExpressionAttributeValues": {":v": {"S": "2"}}}),
    "ADD is for numbers and sets.": ("ADD a :v", {"ExpressionAttributeValues": {":v": {"S": "2"}}}),
}.items():
    refused(
        "DynamoDB",
        "ValidationException",
        _sentence,
        WORDS,
        lambda a, _args=_arguments: update(a, _args[0], **_args[1]),
    )


def with_index(aws: Aws) -> str:
    return aws.table(AttributeDefinitions=strings("pk", "mail"), GlobalSecondaryIndexes=[index()])


def ask(aws: Aws, table: str, condition: str = "pk = :v", **more: Any) -> Any:
    values = {"ExpressionAttributeValues": {":v": {"S": "1"}}}
    return aws.dynamodb.query(TableName=table, KeyConditionExpression=condition, **(values | more))


refused(
    "DynamoDB",
    "ValidationException",
    "A global index is not read consistently.",
    QUERY,
    lambda a: ask(a, with_index(a), "mail = :v", IndexName="by-mail", ConsistentRead=True),
)
refused(
    "DynamoDB",
    "ValidationException",
    "A query names the partition key.",
    QUERY,
    lambda a: ask(a, a.table(), "mail = :v"),
)
refused(
    "DynamoDB",
    "ValidationException",
    "A query asks for one partition key.",
    QUERY,
    lambda a: ask(a, a.table(), "pk > :v"),
)
refused(
    "DynamoDB",
    ("ValidationException", "ResourceNotFoundException"),
    "A query's index is there.",
    QUERY,
    lambda a: ask(a, a.table(), IndexName="none"),
)
refused(
    "DynamoDB",
    "ValidationException",
    "A query's filter is not about its key.",
    QUERY,
    lambda a: ask(a, a.table(), FilterExpression="pk = :v"),
)
refused(
    "DynamoDB",
    "ValidationException",
    "A scan's segment is one of its segments.",
    "DynamoDB API reference, Scan",
    lambda a: a.dynamodb.scan(TableName=a.table(), Segment=4, TotalSegments=4),
)
refused(
    "DynamoDB",
    "ValidationException",
    "A key has its own attributes only.",
    ITEMS,
    lambda a: a.dynamodb.get_item(TableName=a.table(), Key=KEY | {"sk": {"S": "1"}}),
)


def write(table: str, number: int) -> dict[str, Any]:
    return {table: [{"PutRequest": {"Item": {"pk": {"S": str(n)}}}} for n in range(number)]}


refused(
    "DynamoDB",
    "ValidationException",
    "A batch writes 25 items at most.",
    BATCHES,
    lambda a: a.dynamodb.batch_write_item(RequestItems=write(a.table(), 26)),
)
refused(
    "DynamoDB",
    "ValidationException",
    "A batch writes an item once.",
    BATCHES,
    lambda a: a.dynamodb.batch_write_item(RequestItems={a.table(): [{"PutRequest": {"Item": KEY}}] * 2}),
)
refused(
    "DynamoDB",
    "ValidationException",
    "A batch reads 100 items at most.",
    BATCHES,
    lambda a: a.dynamodb.batch_get_item(
        RequestItems={a.table(): {"Keys": [{"pk": {"S": str(n)}} for n in range(101)]}}
    ),
)
refused(
    "DynamoDB",
    "ValidationException",
    "A batch reads an item once.",
    BATCHES,
    lambda a: a.dynamodb.batch_get_item(RequestItems={a.table(): {"Keys": [KEY, KEY]}}),
)
refused(
    "DynamoDB",
    "ValidationException",
    "A transaction writes an item once.",
    BATCHES,
    lambda a: (
        lambda t: a.dynamodb.transact_write_items(
            TransactItems=[{"Put": {"TableName": t, "Item": KEY}}, {"Delete": {"TableName": t, "Key": KEY}}]
        )
    )(a.table()),
)


@probe("DynamoDB", BATCHES)
def cancelled(aws: Aws) -> None:
    """A transaction that is cancelled says why, item by item, and writes nothing."""
    name = put(aws)
    fresh = {"Put": {"TableName": name, "Item": {"pk": {"S": "2"}}}}
    taken = {"Put": {"TableName": name, "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"}}
    try:
        aws.dynamodb.transact_write_items(TransactItems=[fresh, taken])
    except ClientError as error:
        same(error.response["Error"]["Code"], "TransactionCanceledException")
        same([r["Code"] for r in error.response["CancellationReasons"]], ["None", "ConditionalCheckFailed"])
        same(aws.dynamodb.scan(TableName=name)["Count"], 1)
        return
    raise Differs("the transaction was carried out")


refused(
    "DynamoDB",
    "ValidationException",
    "Time to live is not turned on twice.",
    "DynamoDB API reference, UpdateTimeToLive",
    lambda a: [
        a.dynamodb.update_time_to_live(
            TableName=t, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
        )
        for t in [a.table()] * 2
    ],
)
refused(
    "DynamoDB",
    "ValidationException",
    "A table has one stream.",
    "DynamoDB API reference, UpdateTable",
    lambda a: a.dynamodb.update_table(
        TableName=a.table(StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}),
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    ),
)


@probe("DynamoDB", "DynamoDB Developer Guide, Read/write capacity; ReturnConsumedCapacity")
def capacity(aws: Aws) -> None:
    """A consistent read of 5 KB costs two units, an eventual one a unit; a write of 1.5 KB two."""
    name = aws.table()
    small = aws.dynamodb.put_item(
        TableName=name, Item=KEY | {"t": {"S": "x" * 1500}}, ReturnConsumedCapacity="TOTAL"
    )
    aws.dynamodb.put_item(TableName=name, Item=KEY | {"t": {"S": "x" * 5000}})
    read = {"TableName": name, "Key": KEY, "ReturnConsumedCapacity": "TOTAL"}
    strong, weak = (aws.dynamodb.get_item(**read, ConsistentRead=each) for each in (True, False))
    same([r["ConsumedCapacity"]["CapacityUnits"] for r in (small, strong, weak)], [2.0, 2.0, 1.0])


gives(
    "DynamoDB",
    "A query counts what it looked at, and what fitted.",
    QUERY,
    (1, 0),
    lambda a: (lambda r: (r["ScannedCount"], r["Count"]))(
        ask(a, put(a), FilterExpression="attribute_exists(colour)")
    ),
)
