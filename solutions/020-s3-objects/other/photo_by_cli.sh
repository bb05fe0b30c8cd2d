#!/usr/bin/env bash
# task: photo-with-metadata
# Upload, download and digest with the AWS CLI; the answer is an SSM parameter.
set -euo pipefail
printf '%s' "$BRIEF_PHOTO" > photo.svg
aws s3 cp photo.svg "s3://$BRIEF_BUCKET/$BRIEF_PHOTO_KEY" --region "$BRIEF_HOME_REGION" \
  --content-type image/svg+xml --metadata "photographer=$BRIEF_PHOTOGRAPHER,frame=$BRIEF_FRAME"
aws s3 cp "s3://$BRIEF_INBOX/$BRIEF_JURY_KEY" minutes.txt --region "$BRIEF_HOME_REGION"
digest=$(sha256sum minutes.txt | cut -d' ' -f1)
aws ssm put-parameter --name /cloudlings/answers/sha256 --type String --overwrite --value "\"$digest\""
