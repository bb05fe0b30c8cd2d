"""What IAM Access Analyzer finds, by the policy engine. Loaded when it is first asked: it needs much data."""
