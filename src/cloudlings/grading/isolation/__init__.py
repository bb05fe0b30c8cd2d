"""Learner code in a box, and the trusted side beside it: one submission, one warm start, one fresh sandbox.

`zygote` is a process that has everything imported; graders are forked from it (`submission`), and for each
submission a sandbox in namespaces of its own (`apart`). A second one, which has never seen a grader, forks
the learner's shell (`cells`) into a box (`box`) in them: namespaces again, an unprivileged user, no
capabilities, a seccomp filter, limits. `client` is what the rest of cloudlings uses.
"""
