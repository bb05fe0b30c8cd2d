#!/usr/bin/env bash
# task: right-regions
# The same with the AWS CLI: every command names the Region that it speaks to.
set -euo pipefail
aws dynamodb delete-table --region "$BRIEF_BUCKET_REGION" --table-name "$BRIEF_TABLE"
aws dynamodb create-table --region "$BRIEF_TABLE_REGION" --table-name "$BRIEF_TABLE" \
  --billing-mode PAY_PER_REQUEST \
  --key-schema AttributeName=booking,KeyType=HASH \
  --attribute-definitions AttributeName=booking,AttributeType=S
aws s3 mb "s3://$BRIEF_BUCKET" --region "$BRIEF_BUCKET_REGION"
