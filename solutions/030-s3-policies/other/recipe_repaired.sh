#!/usr/bin/env bash
# task: repair-replica
# The recipe from the web, put right, command by command.
set -euo pipefail
aws s3api put-bucket-versioning --bucket "$BRIEF_LOGBOOKS" --versioning-configuration Status=Enabled
aws s3api put-bucket-versioning --bucket "$BRIEF_LOGBOOKS_COPY" --region "$BRIEF_COPY_REGION" \
  --versioning-configuration Status=Enabled
role=$(aws iam get-role --role-name kestrel-logbook-replication --query Role.Arn --output text)
aws s3api put-bucket-replication --bucket "$BRIEF_LOGBOOKS" --replication-configuration "{
  \"Role\": \"$role\",
  \"Rules\": [{\"Status\": \"Enabled\", \"Priority\": 7, \"Filter\": {\"Prefix\": \"\"},
    \"DeleteMarkerReplication\": {\"Status\": \"Enabled\"},
    \"Destination\": {\"Bucket\": \"arn:aws:s3:::$BRIEF_LOGBOOKS_COPY\", \"StorageClass\": \"STANDARD_IA\"}}]}"
aws s3api put-bucket-accelerate-configuration --bucket "$BRIEF_LOGBOOKS" --accelerate-configuration Status=Enabled
