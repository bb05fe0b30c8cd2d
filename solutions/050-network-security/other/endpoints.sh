#!/usr/bin/env bash
# task: gateway-endpoints
# Both gateway endpoints with the AWS CLI; least actions in place of s3:* and dynamodb:*.
set -euo pipefail
vpc=$(aws ec2 describe-vpcs --filters "Name=cidr,Values=$BRIEF_VPC_CIDR" --query 'Vpcs[0].VpcId' --output text)
tables=$(aws ec2 describe-route-tables --filters "Name=vpc-id,Values=$vpc" "Name=route.destination-cidr-block,Values=0.0.0.0/0" \
  --query 'RouteTables[?Routes[?NatGatewayId]].RouteTableId' --output text)
account=$(aws sts get-caller-identity --query Account --output text)
allow() { # actions, ARNs: as JSON lists
  printf '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":%s,"Resource":%s}]}' "$1" "$2"
}
bucket="arn:aws:s3:::$BRIEF_BUCKET"
# shellcheck disable=SC2086  # several route tables are several words
aws ec2 create-vpc-endpoint --vpc-id "$vpc" --service-name "com.amazonaws.$AWS_DEFAULT_REGION.s3" \
  --route-table-ids $tables \
  --policy-document "$(allow '["s3:ListBucket","s3:GetObject","s3:PutObject"]' "[\"$bucket\",\"$bucket/*\"]")"
# shellcheck disable=SC2086
aws ec2 create-vpc-endpoint --vpc-id "$vpc" --service-name "com.amazonaws.$AWS_DEFAULT_REGION.dynamodb" \
  --route-table-ids $tables \
  --policy-document "$(allow '["dynamodb:GetItem","dynamodb:PutItem","dynamodb:Query"]' \
    "\"arn:aws:dynamodb:$AWS_DEFAULT_REGION:$account:table/$BRIEF_TABLE\"")"
