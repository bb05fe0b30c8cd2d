#!/usr/bin/env bash
# task: ci-role
# The provider and the pipeline's role with the AWS CLI.
set -euo pipefail
github=token.actions.githubusercontent.com
provider=$(aws iam create-open-id-connect-provider --url "https://$github" --client-id-list sts.amazonaws.com \
  --query OpenIDConnectProviderArn --output text)
aws iam create-role --role-name "$BRIEF_CI_ROLE" --assume-role-policy-document "{
  \"Version\": \"2012-10-17\",
  \"Statement\": [{
    \"Effect\": \"Allow\",
    \"Principal\": {\"Federated\": \"$provider\"},
    \"Action\": \"sts:AssumeRoleWithWebIdentity\",
    \"Condition\": {\"StringEquals\": {
      \"$github:aud\": \"sts.amazonaws.com\",
      \"$github:sub\": \"repo:$BRIEF_REPOSITORY:ref:refs/heads/$BRIEF_BRANCH\"}}}]}"
