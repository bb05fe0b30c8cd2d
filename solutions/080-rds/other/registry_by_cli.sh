#!/usr/bin/env bash
# task: registry
# The circulated commands, repaired: the flags that there are, a user that is not reserved, no password in the command.
set -euo pipefail
cluster="$BRIEF_REGISTRY_CLUSTER"
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
password=$(aws secretsmanager get-random-password --password-length 30 --exclude-punctuation \
  --query RandomPassword --output text)
aws secretsmanager create-secret --name "$cluster" \
  --secret-string "{\"username\": \"$BRIEF_MASTER\", \"password\": \"$password\"}" >/dev/null
aws rds create-db-cluster --db-cluster-identifier "$cluster" \
  --engine aurora-postgresql --engine-mode provisioned --engine-version 16.6 --database-name register \
  --master-username "$BRIEF_MASTER" --master-user-password "$password" --storage-encrypted \
  --serverless-v2-scaling-configuration "MinCapacity=$BRIEF_REGISTRY_MIN_ACU,MaxCapacity=$BRIEF_REGISTRY_MAX_ACU"
for zone in us-east-1b us-east-1c; do
  aws rds create-db-instance --db-instance-identifier "$cluster-${zone: -1}" \
    --db-cluster-identifier "$cluster" --engine aurora-postgresql --db-instance-class db.serverless \
    --availability-zone "$zone" --no-publicly-accessible
done
aws rds wait db-cluster-available --db-cluster-identifier "$cluster"
