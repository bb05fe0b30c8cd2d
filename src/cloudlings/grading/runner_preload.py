"""What the runner's fork server imports once, so that no answer waits for it."""

import boto3
import botocore.session
import IPython.core.interactiveshell

import cloudlings.notebook

__all__ = ["IPython", "boto3", "botocore", "cloudlings"]
