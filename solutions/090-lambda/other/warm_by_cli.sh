#!/usr/bin/env bash
# task: warm
# Versions, aliases, provisioned concurrency and SnapStart with the AWS CLI.
set -euo pipefail
aws lambda update-function-configuration --function-name "$BRIEF_FORMS" --runtime python3.12 \
  --snap-start ApplyOn=PublishedVersions > /dev/null
aws lambda wait function-updated-v2 --function-name "$BRIEF_FORMS"
for name in "$BRIEF_BOOKING" "$BRIEF_FORMS"; do
  version=$(aws lambda publish-version --function-name "$name" --query Version --output text)
  aws lambda create-alias --function-name "$name" --name live --function-version "$version" > /dev/null
done
aws lambda put-provisioned-concurrency-config --function-name "$BRIEF_BOOKING" --qualifier live \
  --provisioned-concurrent-executions "$BRIEF_WARM" > /dev/null
