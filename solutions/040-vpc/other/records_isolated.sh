#!/usr/bin/env bash
# task: isolate
# The same with the AWS CLI: a new, empty table for both data subnets.
set -euo pipefail
vpc=$(aws ec2 describe-vpcs --filters "Name=cidr,Values=$BRIEF_OLD_CIDR" --query 'Vpcs[0].VpcId' --output text)
links=$(aws ec2 describe-route-tables --filters "Name=vpc-id,Values=$vpc" --output text \
  --query 'RouteTables[].Associations[?SubnetId].RouteTableAssociationId')
shut=$(aws ec2 create-route-table --vpc-id "$vpc" --query RouteTable.RouteTableId --output text)
for link in $links; do
  aws ec2 replace-route-table-association --association-id "$link" --route-table-id "$shut"
done
