#!/usr/bin/env bash
# task: resize
# The forecaster's new type with the AWS CLI.
set -euo pipefail
machine=$(aws ec2 describe-instances --filters Name=tag:Name,Values=forecaster Name=instance-state-name,Values=running \
  --query 'Reservations[0].Instances[0].InstanceId' --output text)
aws ec2 stop-instances --instance-ids "$machine"
aws ec2 wait instance-stopped --instance-ids "$machine"
aws ec2 modify-instance-attribute --instance-id "$machine" --instance-type "Value=$BRIEF_FORECASTER_WANTED"
aws ec2 start-instances --instance-ids "$machine"
aws ec2 wait instance-running --instance-ids "$machine"
