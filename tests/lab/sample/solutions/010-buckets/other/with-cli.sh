#!/usr/bin/env bash
# The same bucket from a shell.
# task: make-bucket
aws s3api create-bucket --bucket "$BRIEF_BUCKET" --create-bucket-configuration LocationConstraint=eu-west-1
