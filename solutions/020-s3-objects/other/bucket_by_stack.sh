#!/usr/bin/env bash
# task: bucket
# The bucket as a CloudFormation stack, in the Region where it must be.
set -euo pipefail
cat > bucket.yaml <<'YAML'
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Name: {Type: String}
Resources:
  Photos:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Ref Name
YAML
aws cloudformation create-stack --region "$BRIEF_HOME_REGION" --stack-name sandpiper \
  --template-body file://bucket.yaml --parameters "ParameterKey=Name,ParameterValue=$BRIEF_BUCKET"
aws cloudformation wait stack-create-complete --region "$BRIEF_HOME_REGION" --stack-name sandpiper
