"""CloudWatch's languages and rules, without any emulator: filter patterns, metric filters, the embedded
metric format, statistics, metric math and Logs Insights.

Every module here is pure: text and frozen data in, frozen data or an ``ExpressionError`` out. What connects
them with the emulator that keeps logs and metrics is in ``emulators/ministack_logs`` and
``emulators/ministack_metrics``.
"""
