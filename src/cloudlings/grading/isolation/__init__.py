"""Learner code in a box, and the trusted side beside it: one submission, one warm start, one fresh sandbox.

`zygote` is a process that has everything imported; for each submission it forks a grader with a sandbox of
its own (`submission`), and a second one, which has never seen a grader, forks the learner's shell (`cells`)
into a box (`box`): namespaces, an unprivileged user, no capabilities, a seccomp filter, limits. `client` is
what the rest of cloudlings uses.
"""
