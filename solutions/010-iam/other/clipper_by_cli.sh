#!/usr/bin/env bash
# task: read-one-prefix
# The clipper's role with the AWS CLI.
set -euo pipefail
archive="arn:aws:s3:::$BRIEF_ARCHIVE"
aws iam create-role --role-name "$BRIEF_CLIPPER_ROLE" --assume-role-policy-document '{
  "Version": "2012-10-17",
  "Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}'
aws iam put-role-policy --role-name "$BRIEF_CLIPPER_ROLE" --policy-name read-incoming --policy-document "{
  \"Version\": \"2012-10-17\",
  \"Statement\": [
    {\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"$archive/$BRIEF_INCOMING*\"},
    {\"Effect\": \"Allow\", \"Action\": \"s3:ListBucket\", \"Resource\": \"$archive\",
     \"Condition\": {\"StringLike\": {\"s3:prefix\": \"$BRIEF_INCOMING*\"}}}]}"
