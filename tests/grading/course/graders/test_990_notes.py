"""The graders of the small lab that tests of grading use."""

from botocore.exceptions import ClientError

from cloudlings.grading.graders import Because, not_attempted_unless, task


@task(
    "keep-note", points=3, title="Keep a note", ref="L99-T1", hints=["Where do files live?", "In a bucket."]
)
def test_keep_note(account, brief):
    s3 = account.client("s3")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    not_attempted_unless(brief.bucket in buckets, f"There is no bucket {brief.bucket} yet.")
    try:
        text = s3.get_object(Bucket=brief.bucket, Key="note.txt")["Body"].read().decode()
    except ClientError:
        text = ""
    assert text == brief.word, Because(
        found=f"s3://{brief.bucket}/note.txt does not hold {brief.word}.",
        consequence="A reader of the note learns something else.",
        concept="An object is its key and its bytes.",
    )


@task(
    "mend-setting", points=2, title="Mend the setting", ref="L99-T2", hints=["Look at SSM.", "Overwrite it."]
)
def test_mend_setting(account, brief):
    found = account.client("ssm").get_parameters_by_path(Path="/notes")["Parameters"]
    values = {row["Name"]: row["Value"] for row in found}
    not_attempted_unless(values != {"/notes/setting": "broken"}, "/notes/setting is as it was left.")
    assert brief.word in values.values(), Because(f"/notes/setting is set to {values.get('/notes/setting')}.")


@task("count-notes", points=1, title="Count the notes", ref="L99-T3", hints=["List them.", "KeyCount."])
def test_count_notes(answer, brief):
    handed_in = answer("count-notes")
    not_attempted_unless(handed_in is not None, "Nothing was handed in yet.")
    assert handed_in == {"count": 1, "word": brief.word}, Because(f"The notes are not {handed_in}.")
