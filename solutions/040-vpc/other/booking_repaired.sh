#!/usr/bin/env bash
# task: explicit
# The booking network's tables with the AWS CLI: the inherited NAT table, empty by now, becomes the app tier's.
set -euo pipefail
query() { aws ec2 "$@" --output text; }

vpc=$(query describe-vpcs --filters "Name=cidr,Values=$BRIEF_OLD_CIDR" --query 'Vpcs[0].VpcId')
main=$(query describe-route-tables --filters "Name=vpc-id,Values=$vpc" "Name=association.main,Values=true" \
  --query 'RouteTables[0].RouteTableId')
igw=$(query describe-internet-gateways --filters "Name=attachment.vpc-id,Values=$vpc" \
  --query 'InternetGateways[0].InternetGatewayId')
nat=$(query describe-nat-gateways --filter "Name=vpc-id,Values=$vpc" --query 'NatGateways[0].NatGatewayId')
peering=$(query describe-route-tables --route-table-ids "$main" \
  --query "RouteTables[0].Routes[?DestinationCidrBlock=='$BRIEF_LABORATORY_CIDR'].VpcPeeringConnectionId")

table_for() { # the tier's blocks, the target of the default route
  local table
  table=$(query create-route-table --vpc-id "$vpc" --query RouteTable.RouteTableId)
  aws ec2 create-route --route-table-id "$table" --destination-cidr-block 0.0.0.0/0 "${@:2}" >/dev/null
  aws ec2 create-route --route-table-id "$table" --destination-cidr-block "$BRIEF_LABORATORY_CIDR" \
    --vpc-peering-connection-id "$peering" >/dev/null
  local block subnet
  for block in ${1//,/ }; do
    subnet=$(query describe-subnets --filters "Name=vpc-id,Values=$vpc" "Name=cidr-block,Values=$block" \
      --query 'Subnets[0].SubnetId')
    aws ec2 associate-route-table --route-table-id "$table" --subnet-id "$subnet" >/dev/null
  done
}
table_for "$BRIEF_OLD_SUBNETS_WEB" --gateway-id "$igw"
table_for "$BRIEF_OLD_SUBNETS_APP" --nat-gateway-id "$nat"
aws ec2 delete-route --route-table-id "$main" --destination-cidr-block 0.0.0.0/0
aws ec2 delete-route --route-table-id "$main" --destination-cidr-block "$BRIEF_LABORATORY_CIDR"
