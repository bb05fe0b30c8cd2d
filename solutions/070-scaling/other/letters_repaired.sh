#!/usr/bin/env bash
# task: letters
# The same with the AWS CLI; the old rule goes, one for the load balancer's group comes.
set -euo pipefail
vpc=$(aws ec2 describe-vpcs --filters "Name=cidr,Values=$BRIEF_VPC_CIDR" --query 'Vpcs[0].VpcId' --output text)
subnets=$(aws ec2 describe-subnets --filters "Name=vpc-id,Values=$vpc" "Name=tag:Name,Values=app-*" \
  --query "join(',', Subnets[].SubnetId)" --output text)
aws autoscaling update-auto-scaling-group --auto-scaling-group-name "$BRIEF_LETTERS" --min-size 2 --desired-capacity 2 \
  --vpc-zone-identifier "$subnets" --health-check-type ELB
group=$(aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$BRIEF_LETTERS" \
  --query 'AutoScalingGroups[0].TargetGroupARNs[0]' --output text)
aws elbv2 modify-target-group --target-group-arn "$group" --matcher HttpCode=200
of() { aws ec2 describe-security-groups --filters "Name=vpc-id,Values=$vpc" "Name=group-name,Values=$1" \
  --query 'SecurityGroups[0].GroupId' --output text; }
aws ec2 revoke-security-group-ingress --group-id "$(of letters-machines)" --protocol tcp \
  --port "$BRIEF_LETTERS_PORT" --cidr 0.0.0.0/0
aws ec2 authorize-security-group-ingress --group-id "$(of letters-machines)" --protocol tcp \
  --port "$BRIEF_LETTERS_PORT" --source-group "$(of letters-door)"
