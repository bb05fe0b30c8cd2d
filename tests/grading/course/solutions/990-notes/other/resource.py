# task: keep-note
bucket = boto3.resource("s3").create_bucket(Bucket=brief.bucket)
bucket.put_object(Key="note.txt", Body=brief.word.encode())
