#!/usr/bin/env bash
# task: pager
# The queue's policy with the AWS CLI.
set -euo pipefail
url=$(aws sqs get-queue-url --queue-name "$BRIEF_PAGER" --query QueueUrl --output text)
queue=$(aws sqs get-queue-attributes --queue-url "$url" --attribute-names QueueArn --query Attributes.QueueArn --output text)
topic=$(aws sns list-topics --query "Topics[?ends_with(TopicArn, ':$BRIEF_TOPIC')].TopicArn" --output text)
policy=$(printf '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"%s","Condition":{"ArnEquals":{"aws:SourceArn":"%s"}}}]}' "$queue" "$topic")
# The attribute is a text that holds JSON: its quotes are escaped once more.
aws sqs set-queue-attributes --queue-url "$url" --attributes "{\"Policy\":\"${policy//\"/\\\"}\"}"
