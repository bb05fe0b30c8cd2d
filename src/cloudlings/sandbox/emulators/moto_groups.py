"""What moto's Auto Scaling groups keep differently from AWS. Applied as moto_corrections are."""

from __future__ import annotations

from typing import Any


def correct() -> None:
    _grace_is_none_unless_asked()
    _an_update_keeps_the_mix()


def _grace_is_none_unless_asked() -> None:
    """The health check grace period is 0 unless told (Auto Scaling API reference, CreateAutoScalingGroup);
    moto's is the console's 300."""
    from moto.autoscaling.models import AutoScalingBackend

    create = AutoScalingBackend.create_auto_scaling_group

    def create_auto_scaling_group(self: Any, **asked: Any) -> Any:
        group = create(self, **asked)
        group.health_check_grace_period = int(asked.get("health_check_period") or 0)
        return group

    AutoScalingBackend.create_auto_scaling_group = create_auto_scaling_group


def _an_update_keeps_the_mix() -> None:
    """What an update does not name stays, the mixed instances policy too (Auto Scaling API reference,
    UpdateAutoScalingGroup); another template or configuration takes its place."""
    from moto.autoscaling.models import FakeAutoScalingGroup

    update = FakeAutoScalingGroup.update

    def updated(self: Any, **asked: Any) -> None:
        kept = self.mixed_instances_policy
        named = ("mixed_instances_policy", "launch_template", "launch_config_name")
        if not kept or any(asked.get(each) for each in named):
            update(self, **asked)
            return
        update(self, **{**asked, "mixed_instances_policy": _by_id(kept)})
        self.mixed_instances_policy = kept

    FakeAutoScalingGroup.update = updated


def _by_id(policy: dict[str, Any]) -> dict[str, Any]:
    """A policy that moto has completed, as a request may say it: its template by id only."""
    template = policy["LaunchTemplate"]
    spec = template["LaunchTemplateSpecification"]
    if spec.get("LaunchTemplateId"):
        spec = {key: value for key, value in spec.items() if key != "LaunchTemplateName"}
    return {**policy, "LaunchTemplate": {**template, "LaunchTemplateSpecification": spec}}
