#!/usr/bin/env bash
# task: block-public
# The same with the AWS CLI.
set -euo pipefail
for bucket in "$BRIEF_FLIGHTS" "$BRIEF_TILES"; do
  aws s3api put-public-access-block --bucket "$bucket" --public-access-block-configuration \
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
done
