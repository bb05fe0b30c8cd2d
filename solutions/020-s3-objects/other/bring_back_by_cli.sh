#!/usr/bin/env bash
# task: bring-back
# Version one fetched and put again with the AWS CLI.
set -euo pipefail
export AWS_DEFAULT_REGION="$BRIEF_HOME_REGION"
aws s3api put-bucket-versioning --bucket "$BRIEF_SHOP" --versioning-configuration Status=Enabled
first=$(aws s3api list-object-versions --bucket "$BRIEF_SHOP" --prefix prices.csv \
  --query 'Versions[-1].VersionId' --output text)
aws s3api get-object --bucket "$BRIEF_SHOP" --key prices.csv --version-id "$first" prices.csv
aws s3api put-object --bucket "$BRIEF_SHOP" --key prices.csv --body prices.csv --content-type text/csv
