#!/usr/bin/env bash
# task: lifecycle
# Frames by their tag; an unfinished upload has no tags, so a rule of its own is about keys.
set -euo pipefail
aws s3api put-bucket-lifecycle-configuration --bucket "$BRIEF_FLIGHTS" --lifecycle-configuration "$(cat <<JSON
{"Rules": [
  {"ID": "frames", "Status": "Enabled", "Filter": {"Tag": {"Key": "stage", "Value": "$BRIEF_RAW_TAG"}},
   "Transitions": [{"Days": $BRIEF_IA_DAYS, "StorageClass": "STANDARD_IA"},
                   {"Days": $BRIEF_GLACIER_DAYS, "StorageClass": "GLACIER"}],
   "NoncurrentVersionExpiration": {"NoncurrentDays": $BRIEF_NONCURRENT_DAYS}},
  {"ID": "uploads", "Status": "Enabled", "Filter": {},
   "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": $BRIEF_ABORT_DAYS}},
  {"ID": "an-old-idea", "Status": "Disabled", "Filter": {}, "Expiration": {"Days": 3650}}
]}
JSON
)"
