#!/usr/bin/env bash
# task: noise
# Two alarms go, and CPU stays for the board: made anew, without an action.
set -euo pipefail
aws cloudwatch delete-alarms --alarm-names "no-orders-$BRIEF_TAG" "any-failure-$BRIEF_TAG"
aws cloudwatch put-metric-alarm --alarm-name "cpu-$BRIEF_TAG" --alarm-description "For the board only" \
  --namespace AWS/EC2 --metric-name CPUUtilization --dimensions "Name=InstanceId,Value=$BRIEF_INSTANCE" \
  --statistic Average --period 300 --evaluation-periods 3 --threshold 90 \
  --comparison-operator GreaterThanThreshold
