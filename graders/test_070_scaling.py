"""Graders of 070-scaling: the front door, the group behind it, and how both follow the morning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cloudlings.cost import price_table
from cloudlings.grading.accident_rules import died_and_was_replaced, go_first
from cloudlings.grading.booking_state import (
    booking_of,
    fleet_of,
    front_of,
    jobs_of,
    page_and_api,
    portal_network,
)
from cloudlings.grading.fleet_rules import (
    behind_the_door,
    calls_no_error_well,
    each_zone_can_do_alone,
    hears_of_illness,
    is_a_good_machine,
    serves_all,
    survives_loss_of,
)
from cloudlings.grading.front_rules import (
    asks_the_right_question,
    faces_the_internet,
    lets_visitors_in,
    only_its_ports,
    sends_to_https,
    speaks_tls,
    watches_its_own,
)
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.hook_rules import is_heard_of, waits_to_go
from cloudlings.grading.listener_rules import (
    inherited_ways,
    send_as_agreed,
    serve_one_program_each,
    squeezed,
)
from cloudlings.grading.load_rules import in_time, jumps, rings, settles, stands_ready
from cloudlings.grading.scaling_state import (
    drainer,
    event,
    groups_of,
    heard,
    policies_of,
    subnets_of_group,
    target_group,
    template_of,
)
from cloudlings.grading.spot_rules import drains, is_lent_from_many, launches_in, saves_in_time
from cloudlings.grading.vpc_state import shown

NAMES = ("main", "pages", "print", "old")


@task(
    "six-urls",
    points=3,
    title="Six requests, told beforehand",
    ref="L07-T2",
    hints=[
        "Walk through the rules in the order of their numbers, with one request in hand. Stop at the first "
        "rule "
        "whose conditions all hold. What a later rule would say does not matter any more.",
        "Paths are compared with their case, and as a whole: does /a/* take /a? Hosts are compared without "
        "case. "
        "What comes after ? in a URL is not the path. A condition on methods shuts out the others.",
        'answer("six-urls", {"GET http://…": "main" or "pages" or "print" or "old", …}) with the six texts '
        "of "
        "brief.urls. Rule 20 takes GET and HEAD under the page's path, whatever the host; then rule 30 by "
        "host.",
    ],
)
def test_six_urls(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("six-urls")
    not_attempted_unless(given is not None, 'No answer "six-urls" was handed in yet.')
    said = {squeezed(key): value for key, value in given.items()} if isinstance(given, Mapping) else {}
    missing = [text for text in brief.urls if said.get(squeezed(text)) not in NAMES]
    assert not missing, Because(
        found=f'The answer "six-urls" names none of {shown(NAMES)} for {missing[0]}.',
        consequence="A request whose way nobody knows is the one that is reported on Monday.",
        concept="Every request is taken by exactly one rule: the default rule takes what is left.",
    )
    truth = inherited_ways(brief)
    wrong = [text for text in brief.urls if said[squeezed(text)] != truth[text][0]]
    assert not wrong, Because(
        found=f"{len(brief.urls) - len(wrong)} of {len(brief.urls)} requests are told as the rules take "
        f"them. One of "
        f"the others is taken by rule {truth[wrong[0]][1]}.",
        consequence="A visitor lands on a page that was not meant for him, and the rule that was meant never "
        "sees a request.",
        concept="The lowest number first; all conditions of a rule; paths with their case and without the "
        "query, "
        "hosts without case.",
    )


@task(
    "front",
    points=6,
    title="A front door in two zones, with TLS",
    ref="L07-T1",
    hints=[
        "Four parts: the load balancer in two public subnets, a security group of its own, a listener on "
        "443 with "
        "a certificate, and one on 80 whose only action is a redirect. Which part decides what a visitor may "
        "reach, and which what he is told?",
        "create_load_balancer takes Subnets and SecurityGroups. An HTTPS listener takes Certificates=[…]: "
        "the one "
        "whose name is brief.domain. A fixed response needs no machine. A redirect keeps what it does not "
        "name.",
        "create_listener(Port=443, Protocol='HTTPS', Certificates=[{'CertificateArn': …}], "
        "DefaultActions=[{'Type': "
        "'fixed-response', …}]) and create_listener(Port=80, Protocol='HTTP', DefaultActions=[{'Type': "
        "'redirect', "
        "'RedirectConfig': {'Protocol': 'HTTPS', 'Port': '443', 'StatusCode': 'HTTP_301'}}]).",
    ],
)
def test_front(account: Account, brief: Brief) -> None:
    network, vpc = portal_network(account, brief)
    front = front_of(account, brief, network, vpc)
    faces_the_internet(front)
    speaks_tls(account, brief, front)
    sends_to_https(account, brief, front)
    only_its_ports(network, front)
    lets_visitors_in(network, front)


@task(
    "routes",
    points=5,
    title="Two target groups, and who is well",
    ref="L07-T2",
    hints=[
        "Write the table of requests from the special to the general: the internal part, the API, the "
        "rest. In "
        "which order must a listener read it? And does /x/* take /x?",
        "create_target_group has HealthCheckPath and Matcher. modify_listener changes the default action to "
        "forward; create_rule adds a rule with a Priority, and a path condition may list several patterns.",
        "create_rule(ListenerArn=…, Priority=10, Conditions=[{'Field': 'path-pattern', 'PathPatternConfig': "
        "{'Values': ['/…/internal/*']}}], Actions=[{'Type': 'fixed-response', 'FixedResponseConfig': "
        "{'StatusCode': "
        "'403'}}]); Priority=20 with ['/…', '/…/*'] forwards to the API's group.",
    ],
)
def test_routes(account: Account, brief: Brief) -> None:
    network, vpc = portal_network(account, brief)
    front = front_of(account, brief, network, vpc)
    rules, page, api = page_and_api(account, brief, front)
    attached = [group for each in front.balancer.listeners for group in each.target_groups]
    not_attempted_unless(attached, "The load balancer forwards to no target group yet.")
    assert rules, Because(
        found=f"Load balancer {front.raw['LoadBalancerName']} has no listener on 443; its listeners are on "
        f"{shown([str(port) for port in front.listeners])}.",
        consequence="Who asks for the page by https waits, and gets nothing.",
        concept="A listener is a port and its rules. What stands behind another port is not the page's.",
    )
    serve_one_program_each(page, api, brief.api)
    send_as_agreed(rules, brief, page, api)
    for arn in (page, api):
        asks_the_right_question(brief, target_group(account, arn))


@task(
    "fleet",
    points=6,
    title="A group that keeps its number in two zones",
    ref="L07-T3",
    hints=[
        "First what a machine is (the launch template), then how many and where (the group). Three "
        "questions: does "
        "the group live without either zone, does it hear when a program dies, and who may talk to the "
        "machines?",
        "VPCZoneIdentifier is a text of subnet ids with a comma between. HealthCheckType='ELB' with a "
        "grace period "
        "of the boot time at least. The machines' security group names the load balancer's group as its "
        "source.",
        "create_launch_template(LaunchTemplateData={'ImageId': IMAGE, 'InstanceType': 't3.small', "
        "'IamInstanceProfile': {'Name': 'hazelmere-web'}, 'MetadataOptions': {'HttpTokens': 'required'}, "
        "'Monitoring': "
        "{'Enabled': True}, 'SecurityGroupIds': […]}), then create_auto_scaling_group(MinSize=2, "
        "MaxSize=brief.most, "
        "VPCZoneIdentifier=','.join(SUBNETS['app']), TargetGroupARNs=[both], HealthCheckType='ELB', …).",
    ],
)
def test_fleet(account: Account, brief: Brief) -> None:
    network, vpc = portal_network(account, brief)
    front = front_of(account, brief, network, vpc)
    group, page, api = fleet_of(account, brief, front)
    survives_loss_of(network, group, "The booking page")
    serves_all(group, {page, api}, brief.most)
    hears_of_illness(group, brief.boot_seconds)
    is_a_good_machine(account, group, kind="t3.small", profile="hazelmere-web")
    behind_the_door(account, network, front.balancer, group, brief.app_port)
    each_zone_can_do_alone(network, front.balancer, group)


@task(
    "letters",
    points=6,
    title="The inherited group, repaired",
    ref="L07-T3",
    hints=[
        "Four things can be seen in what the cell prints: one zone, one machine, a health check that "
        "hardly anything "
        "fails, and a machine that answers to a stranger. The group does not ask the load balancer, either.",
        "update_auto_scaling_group changes subnets, sizes and HealthCheckType in place; "
        "modify_target_group the "
        "Matcher; revoke and authorize_security_group_ingress the rules of the group letters-machines.",
        "update_auto_scaling_group(AutoScalingGroupName=brief.letters, MinSize=2, DesiredCapacity=2, "
        "VPCZoneIdentifier=','.join(SUBNETS['app']), HealthCheckType='ELB'); Matcher={'HttpCode': "
        "'200-299'}; the "
        "rule's source becomes the group letters-door (UserIdGroupPairs).",
    ],
)
def test_letters(account: Account, brief: Brief) -> None:
    network, _ = portal_network(account, brief)
    there = {one["AutoScalingGroupName"]: one for one in groups_of(account)}
    doors = {one.name: one for one in network.load_balancers}
    assert brief.letters in there.keys() & doors.keys(), Because(
        found=f"The group and the load balancer {brief.letters} were looked for; they are not both there.",
        consequence="No letter is printed.",
        concept="What runs is repaired in place. reset_lab() lays the start state again.",
    )
    group, door = there[brief.letters], doors[brief.letters]
    arns = group.get("TargetGroupARNs", [])
    codes = [str(target_group(account, arn).get("Matcher", {}).get("HttpCode")) for arn in arns]
    world = [
        rule
        for each in network.security_groups
        if each.group_name == "letters-machines"
        for rule in each.inbound
        if rule.cidr == "0.0.0.0/0"
    ]
    now = (len(subnets_of_group(network, group)), group["HealthCheckType"], codes, group["MinSize"])
    not_attempted_unless(
        (*now, bool(world)) != (1, "EC2", ["200-499"], 1, True), f"Group {brief.letters} is as it was left."
    )
    survives_loss_of(network, group, "The letters service")
    hears_of_illness(group, 0)
    fed = {arn for each in door.listeners for arn in each.target_groups}
    assert fed & set(arns), Because(
        found=f"Group {brief.letters} is registered with no target group of its load balancer.",
        consequence="Letters are asked for and nobody prints them.",
        concept="The way from the visitor to the machine goes through listener, rule, target group and "
        "group.",
    )
    calls_no_error_well(brief.letters, codes)
    behind_the_door(account, network, door, group, brief.letters_port)


@task(
    "kill",
    points=3,
    title="Pull the plug",
    ref="L07-T6",
    hints=[
        "For the prediction, count first: which zone has the most machines? Only those can go. When one is "
        "gone, "
        "count again before you choose the second. For the experiment, write down the group's machines "
        "before "
        "and after.",
        "In the fullest zone the lowest template number goes; among equals the one with the most minutes "
        "past its "
        "last full hour (minutes % 60). terminate_instances is the accident; members(fleet()) shows who is "
        "there.",
        "before = members(fleet()); ec2.terminate_instances(InstanceIds=[…]); the new one is in "
        'set(members(fleet())) - set(before). answer("kill", {"killed": …, "instead": …, "shrinks": [name, '
        "name]}).",
    ],
)
def test_kill(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("kill")
    not_attempted_unless(given is not None, 'No answer "kill" was handed in yet.')
    said = given if isinstance(given, dict) else {}
    group, _, _ = booking_of(account, brief)
    died_and_was_replaced(account, group, said)
    go_first(brief, said.get("shrinks"))


@task(
    "track",
    points=4,
    title="Follow the load",
    ref="L07-T4",
    hints=[
        "What should stay the same while the number of visitors changes? A thermostat needs a metric that "
        "halves "
        "when the machines double, and the value at which it should stand.",
        "put_scaling_policy with PolicyType='TargetTrackingScaling' and a TargetTrackingConfiguration. The "
        "metric "
        "ASGAverageCPUUtilization needs nothing more; ALBRequestCountPerTarget needs a ResourceLabel.",
        "TargetTrackingConfiguration={'PredefinedMetricSpecification': {'PredefinedMetricType': "
        "'ASGAverageCPUUtilization'}, 'TargetValue': brief.cpu}, and DisableScaleIn is left out.",
    ],
)
def test_track(account: Account, brief: Brief) -> None:
    group, front, served = booking_of(account, brief)
    name = group["AutoScalingGroupName"]
    driven = policies_of(account, name).of("TargetTrackingScaling")
    not_attempted_unless(driven, f"Group {name} has no target tracking policy yet.")
    for each in driven:
        watches_its_own(each.policy, name, front, served)
    settles(
        driven,
        target=brief.cpu,
        boot=brief.boot_seconds // 60,
        most=brief.most,
        loads=[brief.cpu * brief.most * share for share in (0.37, 0.66, 0.93)],
        requests=brief.full_machine / 100,
    )


@task(
    "surge",
    points=6,
    title="The storm at opening time",
    ref="L07-T5",
    hints=[
        "Draw the CPU line from the first value of brief.steps to 100 %, and write over each piece what is "
        "added. "
        "Then write the bounds as differences from the threshold: where does the first piece begin, and "
        "where does "
        "the last one end? For the timetable: what goes up must come down, and whose clock is it?",
        "put_scaling_policy(PolicyType='StepScaling', AdjustmentType='ChangeInCapacity', "
        "StepAdjustments=[…]) gives a "
        "PolicyARN; the alarm (CPUUtilization of AWS/EC2, dimension AutoScalingGroupName, Average, Period "
        "60) has it "
        "in AlarmActions. Detailed monitoring is in the template. put_scheduled_update_group_action has a "
        "TimeZone.",
        "Three steps: lower 0, then the differences; the last has no upper bound. "
        "Threshold=brief.steps[0][0], "
        "GreaterThanOrEqualToThreshold, EvaluationPeriods=2. Two actions: Recurrence='15 7 * * 1-5' "
        "(opening less boot "
        "and a little) with MinSize=brief.ramp, and '0 18 * * 1-5' with MinSize=2, TimeZone='Europe/London'.",
    ],
)
def test_surge(account: Account, brief: Brief) -> None:
    group, _, _ = booking_of(account, brief)
    name = group["AutoScalingGroupName"]
    actions = account.client("autoscaling").describe_scheduled_actions(AutoScalingGroupName=name)
    detailed = bool((template_of(account, group).get("Monitoring") or {}).get("Enabled"))
    policies = policies_of(account, name, detailed=detailed)
    driven = policies.of("StepScaling", "SimpleScaling")
    scheduled = actions["ScheduledUpdateGroupActions"]
    not_attempted_unless(
        [*driven, *scheduled], f"Group {name} has neither a step policy nor a timetable yet."
    )
    jumps(driven, brief.steps, policies.left_out)
    in_time(driven, brief.steps, boot=brief.boot_seconds // 60, most=brief.most)
    rings(driven)
    stands_ready(
        scheduled,
        opening=brief.opening,
        closing=brief.closing,
        ramp=brief.ramp,
        boot=brief.boot_seconds,
        most=brief.most,
    )


@task(
    "drain",
    points=4,
    title="Let machines go politely",
    ref="L07-T8",
    hints=[
        "Two things: something that makes a machine wait before it goes, and somebody who hears that it "
        "waits. Which "
        "of the two ends of a machine's life is it, and how long may it take?",
        "put_lifecycle_hook has a LifecycleTransition and a HeartbeatTimeout in seconds. An EventBridge "
        "pattern lists "
        "allowed values for each key; what is inside detail can be asked for as well.",
        "put_lifecycle_hook(LifecycleTransition='autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout "
        "between "
        "brief.drain_seconds and twice that); put_rule(EventPattern with source, detail-type and detail."
        "AutoScalingGroupName, each a list); put_targets(Targets=[{'Id': 'drainer', 'Arn': QUEUE}]).",
    ],
)
def test_drain(account: Account, brief: Brief) -> None:
    group, _, _ = booking_of(account, brief)
    name = group["AutoScalingGroupName"]
    hooks = account.client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=name)[
        "LifecycleHooks"
    ]
    not_attempted_unless(hooks, f"Group {name} has no lifecycle hook yet.")
    waits_to_go(name, hooks, brief.drain_seconds)
    is_heard_of(account, name)


@task(
    "spot",
    points=6,
    title="Reports on Spot, and the two minutes",
    ref="L07-T7",
    hints=[
        "Three things: who is paid in full and who is lent (the mixed instances policy), who hears the "
        "warning (an "
        "event rule), and what is done in which order (the runbook). Where does the next job come from "
        "while the "
        "present one is saved?",
        "OnDemandBaseCapacity is a number, OnDemandPercentageAboveBaseCapacity a share of the rest; "
        "Overrides lists "
        "the types. First take the worker off its target group, then save. The target group's "
        "deregistration_delay.timeout_seconds is 300 unless told.",
        "InstancesDistribution={'OnDemandBaseCapacity': brief.reports_base, "
        "'OnDemandPercentageAboveBaseCapacity': 0, "
        "'SpotAllocationStrategy': 'price-capacity-optimized'}, CapacityRebalance=True; steps "
        "elbv2:DeregisterTargets "
        "with Targets [{'Id': '$.detail.instance-id'}], then s3:PutObject with Key '$.detail.instance-id'.",
    ],
)
def test_spot(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    network, _ = portal_network(account, brief)
    jobs = [one["TargetGroupArn"] for one in jobs_of(account, brief)]
    found = [one for one in groups_of(account) if set(jobs) & set(one.get("TargetGroupARNs", []))]
    given = answer("runbook")
    not_attempted_unless(
        [*found, given] != [None],
        f"No group is registered with {brief.reports}, and no runbook was handed in.",
    )
    assert len(found) == 1, Because(
        found=f"Registered with target group {brief.reports}: "
        f"{shown([one['AutoScalingGroupName'] for one in found])}.",
        consequence="No worker gets a job, or two groups fight for them.",
        concept="A group tells its target groups about its machines by itself.",
    )
    group = found[0]
    is_lent_from_many(brief, network, group)
    launches_in(network, group, brief.subnets["app"])
    warning = event(account, "aws.ec2", "EC2 Spot Instance Interruption Warning", **{
        "instance-id": "i-0aaaabbbbccccdddd", "instance-action": "terminate"
    })  # fmt: skip
    assert heard(account, warning, drainer(account)), Because(
        found="A Spot interruption warning was put to EventBridge's rules. None takes it and hands it to "
        "the queue "
        "drainer.",
        consequence="Two minutes pass, the machine is gone, and so is its job.",
        concept="The notice is an event. Who is not asked to listen does not hear it.",
    )
    state = event(account, "aws.ec2", "EC2 Instance State-change Notification", **{
        "instance-id": "i-0aaaabbbbccccdddd", "state": "running"
    })  # fmt: skip
    wide = heard(account, state, drainer(account))
    assert not wide, Because(
        found=f"Rule {wide[0]} also takes “{state['detail-type']}” and hands it to the queue drainer."
        if wide
        else "",
        consequence="Each worker that starts is taken off its target group as if it had two minutes left.",
        concept="A pattern that names less takes more.",
    )
    drains(brief, given, jobs[0], group["AutoScalingGroupName"])
    saves_in_time(account, brief, jobs[0])


@task(
    "bill",
    points=3,
    title="What scaling saves",
    ref="L07-T4",
    hints=[
        "Count machine-hours first, for each of the designs; then multiply. The load balancer is in both, "
        "and is "
        "billed twice: for its hours, and for the units that it uses in each of them.",
        "Scaled: peak machines in the peak hours, base machines in the rest of 730. The timetable's extra "
        "machines are "
        "those above 2, in ramp_hours hours of 22 days.",
        'answer("bill", {"always_peak": peak × 730 × price + door, "scaled": (peak × peak_hours + base × '
        "(730 − "
        'peak_hours)) × price + door, "ramp": (brief.ramp − 2) × ramp_hours × 22 × price, "choose": …}) '
        "with door = 730 × "
        "(hour + lcu × price of one).",
    ],
)
def test_bill(brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("bill")
    not_attempted_unless(given is not None, 'No answer "bill" was handed in yet.')
    said, sums, prices = (given if isinstance(given, dict) else {}), brief.bill, price_table()
    machine = prices[f"ec2.{sums['type']}"].usd
    door = 730 * (prices["lb.application.hour"].usd + sums["lcu"] * prices["lb.application.lcu"].usd)
    rest = 730 - sums["peak_hours"]
    wanted = {
        "always_peak": sums["peak"] * 730 * machine + door,
        "scaled": (sums["peak"] * sums["peak_hours"] + sums["base"] * rest) * machine + door,
        "ramp": (brief.ramp - 2) * sums["ramp_hours"] * 22 * machine,
    }
    for name, usd in wanted.items():
        number = said.get(name)
        good = isinstance(number, int | float) and abs(number - usd) <= 0.01 * usd
        assert good, Because(
            found=f'The answer "bill" has {number!r} for {name}, which is not within 1 % of the sum.',
            consequence="The choice rests on a wrong sum.",
            concept="Machine-hours times price, and for the load balancer 730 hours and its units in each "
            "of them. "
            "The timetable's extra machines are those above the two that run anyway.",
        )
    better = "ramp" if wanted["ramp"] < 730 * machine else "spare"
    assert said.get("choose") == better, Because(
        found=f"The answer chooses {said.get('choose')!r}. The timetable costs ${wanted['ramp']:.2f} a "
        f"month, one spare "
        f"machine ${730 * machine:.2f}.",
        consequence="The choice contradicts its own sum.",
        concept="Hours are what is paid for: many machines for a few hours, or one for all of them.",
    )
