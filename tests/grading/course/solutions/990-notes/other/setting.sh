# task: mend-setting
aws ssm put-parameter --name /notes/setting --value "$BRIEF_WORD" --overwrite
