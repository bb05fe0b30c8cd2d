# ---
# title: Queues
# minutes: 10
# needs: [010-buckets]
# objectives: [make a queue]
# ---

# %% task="make-queue"
import boto3

### BEGIN SOLUTION
boto3.client("sqs").create_queue(QueueName="jobs")
### END SOLUTION
