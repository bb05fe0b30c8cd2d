# %% wrong="wrong-word" task="keep-note" says=["does not hold", "reader"] ref="L99-M1"
s3.create_bucket(Bucket=brief.bucket)
s3.put_object(Bucket=brief.bucket, Key="note.txt", Body="something else")

# %% wrong="other-setting" task="mend-setting" says=["is set to"]
ssm.put_parameter(Name="/notes/setting", Value="whatever", Overwrite=True)

# %% wrong="miscounted" task="count-notes" says=["notes are"]
answer("count-notes", {"count": 2, "word": brief.word})
