# ---
# title: "Load balancing and Auto Scaling: as many machines as the morning needs"
# minutes: 90
# needs: [060-ec2]
# objectives:
#   - tell which rule of a load balancer takes a request
#   - put an Application Load Balancer in front of machines that nobody else can reach
#   - let a group keep its number, over two zones, by the health that visitors see
#   - follow the load with target tracking, steps and a timetable, and say what each is for
#   - let machines go without losing a visitor or a job, Spot Instances too
#   - say what scaling saves
# regions: [eu-west-1]
# ref: L07
# ---

# %% [markdown]
# <!-- covers: L07-13 -->
# ## At half past seven everybody wants an appointment
#
# Hazelmere's clinics open their booking page in the morning. For an hour it is stormed; at night nobody comes. One
# machine is too small in the morning and too big at night, and when it dies, the page is gone. Three parts answer that:
#
# ![Visitors come to the load balancer, which spreads them over healthy machines in two zones; the group keeps their number](img/parts.svg)
#
# - a **load balancer** is the one address that visitors know. It sends each request to a machine that is well;
# - a **target group** is the list of those machines, with the question that tells who is well;
# - an **Auto Scaling group** keeps as many machines as you wish, and replaces those that die. A **policy** changes the wish.
#
# The machines must hold nothing that is missed when they go: sessions and files live elsewhere. Containers and functions
# scale by the same thought, in smaller pieces.

# %%
import json

import boto3

from cloudlings.models.balancer import Request, route

ec2, elb, asg = boto3.client("ec2"), boto3.client("elbv2"), boto3.client("autoscaling")
REGION = boto3.session.Session().region_name
ACCOUNT = boto3.client("sts").get_caller_identity()["Account"]


def where(name, value):
    """A filter for EC2's describe calls."""
    return [{"Name": name, "Values": [value]}]


PORTAL = ec2.describe_vpcs(Filters=where("cidr", brief.vpc_cidr))["Vpcs"][0]["VpcId"]
SUBNETS = {
    tier: [
        ec2.describe_subnets(Filters=where("cidr-block", block))["Subnets"][0]["SubnetId"] for block in blocks
    ]
    for tier, blocks in brief.subnets.items()
}
IMAGE = ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:drainer"


def balancers():
    """The load balancers of the portal, by name."""
    found = elb.describe_load_balancers()["LoadBalancers"]
    return {one["LoadBalancerName"]: one["LoadBalancerArn"] for one in found if one["VpcId"] == PORTAL}


def listener(balancer, port):
    """A load balancer's listener on a port."""
    found = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    return next(one["ListenerArn"] for one in found if one["Port"] == port)


def groups():
    """The Auto Scaling groups of the account, by name."""
    found = asg.describe_auto_scaling_groups()["AutoScalingGroups"]
    return {one["AutoScalingGroupName"]: one for one in found}


print("load balancers:", *balancers(), " groups:", *groups())

# %%
draw(PORTAL)

# %% [markdown]
# <!-- covers: L07-01 -->
# There is one already: **letters**, which somebody left behind. You will repair it in task 5. Read its rules first.

# %%
LETTERS = listener(balancers()[brief.letters], 80)
for rule in elb.describe_rules(ListenerArn=LETTERS)["Rules"]:
    wants = [
        (one["Field"], next(value for key, value in one.items() if key != "Field")["Values"])
        for one in rule["Conditions"]
    ]
    print(
        f"{rule['Priority']:>8}",
        wants,
        "->",
        rule["Actions"][0]["TargetGroupArn"].split("/")[1].rsplit("-", 1)[1],
    )

# %% [markdown]
# ## Task 1: six requests, told beforehand
#
# [Rules are read by priority, lowest number first; the first whose conditions **all** hold takes the request](
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html); the default rule takes the rest.
# [Paths are compared with their case, hosts without](
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html). `*` is any characters,
# also none; `?` is one. A path condition sees the path only, never what comes after the question mark.
#
# **Predict** where each of your six requests goes: `main`, `pages`, `print` or `old`. Hand in
# `answer("six-urls", {request: name, …})`.

# %%
for request in brief.urls:
    print(request)


# %% task="six-urls"
### BEGIN SOLUTION
def goes_to(request):
    method, url = request.split(" ")
    host, _, path = url.removeprefix("http://").partition("/")
    if path.partition("?")[0].startswith(f"{brief.page}/") and method in ("GET", "HEAD"):
        return "pages"  # rule 20; what rule 40 wants is always taken by it
    return "old" if host.lower().startswith("old.") else "main"


answer("six-urls", {request: goes_to(request) for request in brief.urls})
### END SOLUTION

# %% [markdown]
# Now ask. `ask` looks at the rules that are there and shows which one takes a request: it works for your own load balancer
# as well.


# %%
def ask(listener_arn, request):
    """Which rule takes a request such as "GET https://host/path", and what becomes of it."""
    method, url = request.split(" ")
    found = route(elb.describe_rules(ListenerArn=listener_arn)["Rules"], Request(url, method))
    to = found.url or found.status or [arn.split("/")[1] for arn in found.shares]
    print(f"{request:45} rule {found.rule:8} {found.kind} {to}")


for request in brief.urls:
    ask(LETTERS, request)

# %% [markdown]
# Two rules, one path: **rule 40 never takes a GET**, since rule 20 has it already. The special case needs the lower number.
#
# <!-- covers: L07-03 L07-14 -->
# ## Task 2: a front door
#
# Build the booking page's load balancer: in the **web** subnets of both zones, facing the internet.
#
# - A **listener** on 443 (HTTPS) with the certificate for `brief.domain`. The load balancer holds the key and speaks TLS
#   with visitors; behind it, machines speak HTTP. There are no machines yet: let it answer by itself, [a *fixed response*](
#   https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html) with status 503.
# - A listener on 80 that sends everybody to 443 by a permanent redirect (301), to the same host, path and query.
# - A security group of its own: from the internet 443, and 80 for the redirect. Nothing else.
#
# Certificates are AWS Certificate Manager's (ACM). It gives public ones free of charge and renews them, once you prove
# that the name is yours. *Here* they are issued at once; on AWS you add a DNS record and wait for minutes.

# %%
for one in boto3.client("acm").list_certificates()["CertificateSummaryList"]:
    print(one["DomainName"], one["Status"], one["CertificateArn"])


def security_group(name, *rules):
    """Makes a security group of the portal with inbound rules."""
    made = ec2.create_security_group(GroupName=name, Description=name, VpcId=PORTAL)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=list(rules))
    return made


def tcp(port, **source):
    """A rule: tcp on one port, from IpRanges=[…] or UserIdGroupPairs=[…]."""
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}


# %% task="front"
### BEGIN SOLUTION
world = [{"CidrIp": "0.0.0.0/0"}]
door = security_group("booking-door", tcp(443, IpRanges=world), tcp(80, IpRanges=world))
made = elb.create_load_balancer(Name="booking", Subnets=SUBNETS["web"], SecurityGroups=[door])
front = made["LoadBalancers"][0]["LoadBalancerArn"]
certificate = next(
    one["CertificateArn"]
    for one in boto3.client("acm").list_certificates()["CertificateSummaryList"]
    if one["DomainName"] == brief.domain
)
soon = {"StatusCode": "503", "ContentType": "text/plain", "MessageBody": "We open soon."}
elb.create_listener(
    LoadBalancerArn=front,
    Port=443,
    Protocol="HTTPS",
    Certificates=[{"CertificateArn": certificate}],
    SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
    DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": soon}],
)
elb.create_listener(
    LoadBalancerArn=front,
    Port=80,
    Protocol="HTTP",
    DefaultActions=[
        {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    ],
)
### END SOLUTION

# %% [markdown]
# Be the visitor. A load balancer is a machine of AWS's in **each** of its subnets, with an address of its own: two zones,
# two ways in.


# %%
def booking():
    """Your load balancer: the one that is not the letters service's."""
    found = [arn for name, arn in balancers().items() if name != brief.letters]
    if not found:
        raise LookupError("The portal has no load balancer but the letters service's yet: task 2 makes it.")
    return found[0]


reach("internet", booking(), 443)
ask(listener(booking(), 80), f"GET http://{brief.domain}/doctors?name=li")

# %% [markdown]
# <!-- covers: L07-02 -->
# ## Task 3: two target groups, and who is well
#
# The page and its API run as two programs on the same machines, on port `brief.app_port`. Make two target groups (HTTP,
# targets are instances) and route:
#
# | request | goes to |
# |---|---|
# | `/{brief.api}/internal/…` (with your word for `api`) | nowhere: the load balancer answers 403 by itself |
# | `/{brief.api}` and everything under `/{brief.api}/` | the API's group |
# | everything else | the page's group, by the default rule |
#
# A condition with several patterns takes them in `PathPatternConfig={"Values": […]}`; the older `Values` beside it takes one.
#
# The **health check** asks each machine every few seconds. Yours is `brief.health_path`, and a machine that is well
# answers `brief.health_code`, only that. A check that asks for `/` and takes any code calls a broken machine well.
#
# [A target that fails often enough in a row gets no more requests; one that is well again comes back](
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html). If **all** are
# unwell, all get requests: better a chance than none. (*Here* no program runs: every running machine counts as well.) The
# model shows a check that wants 200, with AWS's defaults:

# %%
from cloudlings.models.health import Check, health, noticed_after

answers = [200, 200, 500, 500, 500, 200, 200, 200, 200, 200]
print(*zip(answers, health(Check(), answers), strict=True), sep="\n")
print(
    "noticed after",
    noticed_after(Check(interval=30)),
    "s; every 10 s:",
    noticed_after(Check(interval=10)),
    "s",
)


# %% task="routes"
### BEGIN SOLUTION
def target_group(name):
    made = elb.create_target_group(
        Name=name,
        Protocol="HTTP",
        Port=brief.app_port,
        VpcId=PORTAL,
        HealthCheckPath=brief.health_path,
        HealthCheckIntervalSeconds=10,
        Matcher={"HttpCode": brief.health_code},
    )
    return made["TargetGroups"][0]["TargetGroupArn"]


page, api = target_group("booking-page"), target_group("booking-api")
https = listener(booking(), 443)
elb.modify_listener(ListenerArn=https, DefaultActions=[{"Type": "forward", "TargetGroupArn": page}])
no = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403"}}
for priority, paths, action in (
    (10, [f"/{brief.api}/internal/*", f"/{brief.api}/internal"], no),
    (20, [f"/{brief.api}", f"/{brief.api}/*"], {"Type": "forward", "TargetGroupArn": api}),
):
    elb.create_rule(
        ListenerArn=https,
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": paths}}],
        Actions=[action],
    )
### END SOLUTION

# %%
for path in (
    "",
    "doctors",
    brief.api,
    f"{brief.api}/times",
    f"{brief.api}/internal/keys",
    f"{brief.api}tite",
):
    ask(listener(booking(), 443), f"GET https://{brief.domain}/{path}")


# %% [markdown]
# <!-- covers: L07-04 L07-11 -->
# ## Task 4: a group that keeps its number
#
# A **launch template** says what a machine is; the group says how many, and where. Build both.
#
# The template: `IMAGE`, a `t3.small`, the instance profile `hazelmere-web`, [IMDSv2 only](
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html) (`HttpTokens` required),
# **detailed monitoring** (numbers each minute and not each five: task 8 needs them), no key pair, and a security group
# that lets in `brief.app_port` from the **load balancer's group**, and nobody else.
#
# The group: at least 2, at most `brief.most` machines, in the **app** subnets of both zones, registered with **both** of
# your target groups. Losing either zone must leave a machine that visitors reach. (A group that gets a second zone later
# moves machines there by itself on AWS; *here* those that run stay, and the next ones are launched in the emptier zone.)
#
# Two settings decide what happens when a program dies:
#
# - health check type. `EC2` sees only whether the *machine* runs. [`ELB` adds what the load balancer sees](
#   https://docs.aws.amazon.com/autoscaling/ec2/userguide/health-checks-overview.html);
# - grace period. A machine needs `brief.boot_seconds` until its program answers. Who is judged earlier is replaced by one
#   that is judged earlier, and so on for ever. Unless told, it is 0 seconds; the console writes 300 into the form.

# %% task="fleet"
### BEGIN SOLUTION
(front_group,) = elb.describe_load_balancers(LoadBalancerArns=[booking()])["LoadBalancers"][0][
    "SecurityGroups"
]
machines = security_group(
    "booking-machines", tcp(brief.app_port, UserIdGroupPairs=[{"GroupId": front_group}])
)
ec2.create_launch_template(
    LaunchTemplateName="booking",
    LaunchTemplateData={
        "ImageId": IMAGE,
        "InstanceType": "t3.small",
        "IamInstanceProfile": {"Name": "hazelmere-web"},
        "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
        "Monitoring": {"Enabled": True},
        "SecurityGroupIds": [machines],
    },
)
mine = elb.describe_target_groups(LoadBalancerArn=booking())["TargetGroups"]
asg.create_auto_scaling_group(
    AutoScalingGroupName="booking",
    LaunchTemplate={"LaunchTemplateName": "booking", "Version": "$Latest"},
    MinSize=2,
    MaxSize=brief.most,
    VPCZoneIdentifier=",".join(SUBNETS["app"]),
    TargetGroupARNs=[one["TargetGroupArn"] for one in mine],
    HealthCheckType="ELB",
    HealthCheckGracePeriod=brief.boot_seconds,
)
### END SOLUTION


# %%
def fleet():
    """The name of your group: the one that is registered with your load balancer's target groups."""
    mine = {
        one["TargetGroupArn"] for one in elb.describe_target_groups(LoadBalancerArn=booking())["TargetGroups"]
    }
    found = [name for name, one in groups().items() if mine & set(one["TargetGroupARNs"])]
    if not found:
        raise LookupError(
            "No group is registered with your load balancer's target groups yet: task 4 makes it."
        )
    return found[0]


def members(name):
    """The machines of a group: id to zone."""
    return {one["InstanceId"]: one["AvailabilityZone"] for one in groups()[name]["Instances"]}


print(members(fleet()))
reach("internet", booking(), 443)

# %% [markdown]
# The load balancer opens a **second** connection, to the machine, from an address of its own. That is why the machine's
# group names the load balancer's group, and why the machines need neither public address nor public subnet.
#
# ## Task 5: the letters, repaired
#
# Look at what was inherited, as a reviewer would, before you read on.

# %%
old = groups()[brief.letters]
print({key: old[key] for key in ("MinSize", "MaxSize", "AvailabilityZones", "HealthCheckType")})
for arn in old["TargetGroupARNs"]:
    (one,) = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    print(one["TargetGroupName"], "check:", one["HealthCheckPath"], one["Matcher"])
machine, stranger = next(iter(members(brief.letters))), next(iter(members(fleet())))
reach(stranger, machine, brief.letters_port)

# %% [markdown]
# A booking machine knocks at a letters machine, and is let in: there is no reason for that. Letters must come through the loss of either zone; a machine whose program answers with an error (500, or 404 for a page
# that is not there) must get no more requests, and be replaced; and on `brief.letters_port` the machines listen to their
# load balancer only. It stays as it is otherwise: same load balancer, same group, in the app subnets.

# %% task="letters"
### BEGIN SOLUTION
asg.update_auto_scaling_group(
    AutoScalingGroupName=brief.letters,
    MinSize=2,
    DesiredCapacity=2,
    VPCZoneIdentifier=",".join(SUBNETS["app"]),
    HealthCheckType="ELB",
)
for arn in groups()[brief.letters]["TargetGroupARNs"]:
    elb.modify_target_group(TargetGroupArn=arn, Matcher={"HttpCode": "200-299"})
named = {
    one["GroupName"]: one
    for one in ec2.describe_security_groups(Filters=where("vpc-id", PORTAL))["SecurityGroups"]
}
machines_group = named["letters-machines"]
ec2.revoke_security_group_ingress(
    GroupId=machines_group["GroupId"], IpPermissions=machines_group["IpPermissions"]
)
from_the_door = [{"GroupId": named["letters-door"]["GroupId"]}]
ec2.authorize_security_group_ingress(
    GroupId=machines_group["GroupId"], IpPermissions=[tcp(brief.letters_port, UserIdGroupPairs=from_the_door)]
)
### END SOLUTION

# %%
reach(stranger, machine, brief.letters_port)

# %% [markdown]
# <!-- covers: L07-05 -->
# ## Task 6: pull the plug
#
# First a prediction. A group of five machines shrinks by two. [The default termination policy](
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html) first takes the zone
# with the most machines; there, the oldest launch template version; among equals, the machine that is closest to its next
# full hour of running. (Zones that tie are looked at as one.) Then it looks again.

# %%
for one in brief.machines:
    print(one)

# %% [markdown]
# Now the experiment. Hypothesis: *if a machine of the booking group dies, there are as many again, in the same zone, and
# nobody had to be woken.* Terminate one (as an accident would, not through the group), and look at the group again.
#
# Hand in `answer("kill", {"killed": "i-…", "instead": "i-…", "shrinks": ["first", "second"]})`: the machine that you
# terminated, the one that came for it, and the names of the two that the group of five gives up, in order.


# %% task="kill"
### BEGIN SOLUTION
def first_to_go(machines):
    zones = [one["zone"] for one in machines]
    rich = [one for one in machines if zones.count(one["zone"]) == max(map(zones.count, zones))]
    old = [one for one in rich if one["template"] == min(each["template"] for each in rich)]
    return max(old, key=lambda one: one["minutes"] % 60)


first = first_to_go(brief.machines)
second = first_to_go([one for one in brief.machines if one != first])
before = members(fleet())
victim = sorted(before)[0]
ec2.terminate_instances(InstanceIds=[victim])
(new,) = set(members(fleet())) - set(before)
answer("kill", {"killed": victim, "instead": new, "shrinks": [first["name"], second["name"]]})
### END SOLUTION

# %%
print(members(fleet()))

# %% [markdown]
# *Here* the new machine is there at once; on AWS the group notices within a minute or so, and a boot takes its time.
#
# <!-- covers: L07-12 -->
# **Instance refresh** uses the same idea to bring a new template version: some are replaced at a time, so that a share
# stays well. *The sandbox has no instance refresh*; the model shows what it would do with ten machines:

# %%
from cloudlings.models.placement import refresh_batches

print("90 % stay well:", refresh_batches(10, 90), " 50 %:", refresh_batches(10, 50))

# %% [markdown]
# <!-- covers: L07-06 L07-07 L07-10 -->
# ## Task 7: follow the load
#
# **Target tracking** is a thermostat: you name a metric and its value, and the group grows until the value is met. It makes
# its own two alarms: quick to grow (three minutes above), slow to shrink (fifteen minutes well below). [It suits a metric
# that halves when the machines double](
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html): CPU or requests per machine, not
# the queue's length or the response time.
#
# Give the booking group a policy that keeps its machines at `brief.cpu` % CPU, whatever the load is, up and down. (A machine
# at 100 % answers `brief.full_machine` requests a minute, in case you prefer to count requests per target.)

# %% task="track"
### BEGIN SOLUTION
asg.put_scaling_policy(
    AutoScalingGroupName=fleet(),
    PolicyName="thermostat",
    PolicyType="TargetTrackingScaling",
    EstimatedInstanceWarmup=brief.boot_seconds,
    TargetTrackingConfiguration={
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        "TargetValue": brief.cpu,
    },
)
### END SOLUTION

# %% [markdown]
# *The sandbox's machines compute nothing, so no CPU rises here.* A model plays the morning instead: your policies, minute by
# minute, against a load in percent of one machine (450: four and a half machines full). AWS publishes no formula for target
# tracking; the model takes capacity × value ÷ target, rounded up.


# %%
from cloudlings.models.scaling import Driven, Fleet, Work, simulate, trigger


def play(load, most=brief.most):
    """Your group's policies against a load: a bar for each minute, # serves and + boots."""
    policies = asg.describe_policies(AutoScalingGroupName=fleet())["ScalingPolicies"]
    alarms = boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
    driven = [
        Driven(one, tuple(trigger(each) for each in alarms if one["PolicyARN"] in each["AlarmActions"]))
        for one in policies
    ]
    start = Fleet(2, most, 2, boot=brief.boot_seconds // 60)
    for minute, now in enumerate(simulate(start, driven, Work(load, brief.full_machine / 100))):
        print(
            f"{minute:3} min  CPU {now.cpu:3.0f} %  {'#' * now.serving}{'+' * (now.wish - now.serving)}  {now.why}"
        )


play([80] * 4 + [400] * 14)

# %% [markdown]
# Look at the first minutes: CPU stands at 100 % while machines boot. Target tracking can't know how far above 100 % the need
# is, and it answers only **after** the load came. Two remedies: steps that jump, and a timetable for what you know beforehand.
# (A third is **predictive scaling**: it learns the daily pattern from two weeks of metrics. Start it in *forecast only* mode
# and compare; it has nothing to learn from here.)
#
# <!-- covers: L07-08 L07-09 -->
# ## Task 8: the storm at opening time
#
# **Step scaling**: a CloudWatch alarm rings, and *how far* the metric is above the alarm's threshold chooses the step. Bounds
# are differences **from the threshold**; a lower bound belongs to its step, an upper one to the next.
#
# ![Steps tile the line above the threshold](img/steps.svg)
#
# A line that is not covered everywhere has a hole, and there nothing happens. AWS refuses holes *between* two steps. It does
# not see one between the alarm's threshold and the first step:

# %%
from cloudlings.models.scaling import step_for

example = [
    {"MetricIntervalLowerBound": 5, "MetricIntervalUpperBound": 15, "ScalingAdjustment": 1},
    {"MetricIntervalLowerBound": 15, "ScalingAdjustment": 3},
]
for cpu in (70, 74, 75, 84, 85, 100):
    print(f"threshold 70 %, CPU {cpu} %: add", step_for(example, cpu - 70))

# %% [markdown]
# Build for the booking group: `brief.steps` says from which CPU % on how many machines are added, such as `[70, 1]`. The
# alarm must ring within two minutes above its threshold. A new machine counts as asked for while it boots (`EstimatedInstanceWarmup`). A
# **simple** policy, the oldest kind, waits for a *cooldown* after each change instead, 300 seconds unless told: when its
# capacity arrives, the storm is over.
#
# And a **timetable** for the same group, on weekdays: at `brief.opening` at least `brief.ramp` machines must serve (they need `brief.boot_seconds`
# to boot; the surgery pays for at most an hour before); from `brief.closing` on, and at weekends, 2 are enough. Times are
# London's. A schedule's default is UTC, and London leaves UTC in summer.

# %% task="surge"
### BEGIN SOLUTION
threshold = brief.steps[0][0]
ends = [start - threshold for start, _ in brief.steps]
steps = [
    {"MetricIntervalLowerBound": low, "ScalingAdjustment": add}
    | ({"MetricIntervalUpperBound": high} if high is not None else {})
    for low, high, (_, add) in zip(ends, [*ends[1:], None], brief.steps, strict=True)
]
policy = asg.put_scaling_policy(
    AutoScalingGroupName=fleet(),
    PolicyName="storm",
    PolicyType="StepScaling",
    AdjustmentType="ChangeInCapacity",
    MetricAggregationType="Average",
    EstimatedInstanceWarmup=brief.boot_seconds,
    StepAdjustments=steps,
)["PolicyARN"]
boto3.client("cloudwatch").put_metric_alarm(
    AlarmName="booking-storm",
    Namespace="AWS/EC2",
    MetricName="CPUUtilization",
    Dimensions=[{"Name": "AutoScalingGroupName", "Value": fleet()}],
    Statistic="Average",
    Period=60,
    EvaluationPeriods=2,
    Threshold=threshold,
    ComparisonOperator="GreaterThanOrEqualToThreshold",
    AlarmActions=[policy],
)


def at(time, earlier=0):
    hour, minute = map(int, time.split(":"))
    hour, minute = divmod(hour * 60 + minute - earlier, 60)
    return f"{minute} {hour} * * 1-5"


for name, recurrence, least in (
    ("morning", at(brief.opening, brief.boot_seconds // 60 + 10), brief.ramp),
    ("evening", at(brief.closing), 2),
):
    asg.put_scheduled_update_group_action(
        AutoScalingGroupName=fleet(),
        ScheduledActionName=name,
        Recurrence=recurrence,
        TimeZone="Europe/London",
        MinSize=least,
        MaxSize=brief.most,
        DesiredCapacity=least,
    )
### END SOLUTION

# %%
play([80] * 4 + [400] * 14)

# %% [markdown]
# ## Task 9: let machines go politely
#
# Growing was the easy half. When the group shrinks, a machine is in the middle of something. The load balancer stops sending
# it new requests and waits for the open ones (the *deregistration delay*, 300 seconds unless told). And a **lifecycle hook**
# can hold the machine in `Terminating:Wait`, until somebody says *done* or the hook's timeout ends.
#
# Booking's machines send their last logs when asked to; that takes up to `brief.drain_seconds`. Add to the booking group a
# hook for terminating machines that waits long enough, and at most twice that: a machine that nobody releases is paid for
# until the timeout, and [an hour is the default](
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html).
#
# Somebody must hear of it. The event goes to EventBridge: make a rule that takes the *terminate* action of **this group**
# only, and hands it to the queue (`QUEUE`) from which the drain program reads. (*Here* no machine waits at a hook; on AWS
# each one would.) This is what the event looks like:

# %%
EVENT = {
    "source": "aws.autoscaling",
    "detail-type": "EC2 Instance-terminate Lifecycle Action",
    "account": ACCOUNT,
    "region": REGION,
    "detail": {
        "AutoScalingGroupName": fleet(),
        "LifecycleHookName": "…",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "EC2InstanceId": "i-0123456789abcdef0",
        "LifecycleActionToken": "…",
    },
}
events = boto3.client("events")

# %% task="drain"
### BEGIN SOLUTION
asg.put_lifecycle_hook(
    AutoScalingGroupName=fleet(),
    LifecycleHookName="last-logs",
    LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    HeartbeatTimeout=brief.drain_seconds + 30,
    DefaultResult="CONTINUE",
)
pattern = {
    "source": ["aws.autoscaling"],
    "detail-type": ["EC2 Instance-terminate Lifecycle Action"],
    "detail": {"AutoScalingGroupName": [fleet()]},
}
events.put_rule(Name="booking-terminates", EventPattern=json.dumps(pattern))
events.put_targets(Rule="booking-terminates", Targets=[{"Id": "drainer", "Arn": QUEUE}])
### END SOLUTION

# %% [markdown]
# <!-- covers: L07-15 -->
# ## Task 10: the night's reports, at a discount
#
# The night's reports can be interrupted, so they may run on **Spot Instances**: spare capacity at a lower price, which EC2
# takes back when it needs it, [with two minutes' notice](
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html). **A myth:** "you bid in an
# auction". [Since 2017 AWS sets the price, and it moves slowly](
# https://aws.amazon.com/blogs/compute/new-amazon-ec2-spot-pricing/).
#
# Capacity is lent by pool: one type in one zone. Who asks for one pool loses all machines at once. Build the group:
#
# - 0 to `brief.reports_most` machines in both app subnets, registered with the target group `brief.reports` (it is there, and
#   hands out jobs);
# - a *mixed instances policy* over your template with the three `brief.types`; the first `brief.reports_base` machines
#   On-Demand, all above Spot; strategy `price-capacity-optimized`;
# - *capacity rebalancing* on: the group launches a replacement when AWS calls an instance at risk, often before the notice.
#
# Then the two minutes. The notice is an event:

# %%
WARNING = {
    "source": "aws.ec2",
    "detail-type": "EC2 Spot Instance Interruption Warning",
    "account": ACCOUNT,
    "region": REGION,
    "detail": {"instance-id": "i-0123456789abcdef0", "instance-action": "terminate"},
}
print("take jobs away, save within", brief.checkpoint_seconds, "s, into", brief.checkpoint_bucket)

# %% [markdown]
# Make a rule that takes these warnings, and hands them to `QUEUE`. The
# drain program does what its **runbook** says, and you write that as `answer("runbook", [step, …])`. A step is a call with its
# input; a value that begins with `$.` is taken from the event:
#
# `{"call": "s3:PutObject", "input": {"Bucket": "some-bucket", "Key": "$.detail.instance-id"}}`
#
# A report worker must get no new job, and **then** save its own: `s3:PutObject` into `brief.checkpoint_bucket` under a key
# that holds the instance's id (saving takes `brief.checkpoint_seconds`). The job in hand gets the target group's deregistration
# delay to end. Delay and saving together must fit into the two minutes.


# %% task="spot"
### BEGIN SOLUTION
template = groups()[fleet()]["LaunchTemplate"]["LaunchTemplateId"]
(jobs,) = elb.describe_target_groups(Names=[brief.reports])["TargetGroups"]
asg.create_auto_scaling_group(
    AutoScalingGroupName="night-reports",
    MinSize=0,
    MaxSize=brief.reports_most,
    VPCZoneIdentifier=",".join(SUBNETS["app"]),
    TargetGroupARNs=[jobs["TargetGroupArn"]],
    CapacityRebalance=True,
    MixedInstancesPolicy={
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "$Latest"},
            "Overrides": [{"InstanceType": name} for name in brief.types],
        },
        "InstancesDistribution": {
            "OnDemandBaseCapacity": brief.reports_base,
            "OnDemandPercentageAboveBaseCapacity": 0,
            "SpotAllocationStrategy": "price-capacity-optimized",
        },
    },
)
warning = {"source": ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"]}
events.put_rule(Name="spot-warnings", EventPattern=json.dumps(warning))
events.put_targets(Rule="spot-warnings", Targets=[{"Id": "drainer", "Arn": QUEUE}])
elb.modify_target_group_attributes(
    TargetGroupArn=jobs["TargetGroupArn"],
    Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}],
)
who = "$.detail.instance-id"
runbook = [
    {
        "call": "elbv2:DeregisterTargets",
        "input": {"TargetGroupArn": jobs["TargetGroupArn"], "Targets": [{"Id": who}]},
    },
    {"call": "s3:PutObject", "input": {"Bucket": brief.checkpoint_bucket, "Key": who}},
]
answer("runbook", runbook)
### END SOLUTION

# %% [markdown]
# ## Task 11: what it saves
#
# A month has 730 hours. Prices are us-east-1's, dated. Compare for `brief.bill`: machines of one `type`; `peak` of them are
# needed in `peak_hours` hours of the month, `base` in the others; one load balancer, which uses `lcu` load balancer capacity
# units all the time.

# %%
from cloudlings.cost import price_table

print(dict(brief.bill))
for key in (f"ec2.{brief.bill['type']}", "lb.application.hour", "lb.application.lcu"):
    print(f"{key:22} ${price_table()[key].usd}")

# %% [markdown]
# Hand in `answer("bill", {"always_peak": …, "scaled": …, "ramp": …, "choose": …})`, in dollars a month: `peak` machines all
# the time with the load balancer; the same scaled; what the timetable's extra machines cost (`brief.ramp` in place of 2, for
# `ramp_hours` hours on 22 days); and your choice between that timetable and one spare machine all the time, by price: `"ramp"` or
# `"spare"`.

# %% task="bill"
### BEGIN SOLUTION
prices, sums = price_table(), brief.bill
machine_hour = prices[f"ec2.{sums['type']}"].usd
door_month = 730 * (prices["lb.application.hour"].usd + sums["lcu"] * prices["lb.application.lcu"].usd)
hours = sums["peak"] * sums["peak_hours"] + sums["base"] * (730 - sums["peak_hours"])
ramp = (brief.ramp - 2) * sums["ramp_hours"] * 22 * machine_hour
design = {
    "always_peak": sums["peak"] * 730 * machine_hour + door_month,
    "scaled": hours * machine_hour + door_month,
    "ramp": ramp,
    "choose": "ramp" if ramp < 730 * machine_hour else "spare",
}
answer("bill", design)
### END SOLUTION

# %% [markdown]
# ## What you know now
#
# - A listener's rules are read by number; the special case needs the lower one.
# - Health is what the load balancer sees, with a page and a code that mean *well*. The group must ask it (`ELB`), after the
#   grace period.
# - Two subnets in two zones are what survives; the machines listen to the load balancer's group only.
# - Target tracking for the everyday, steps for the jump, a timetable for what you know, in the right time zone.
# - Letting go takes two waits: the deregistration delay and the hook. Spot gives two minutes for both.
#
# ## What this would cost, and how to clean up

# %%
cost()

# %% [markdown]
# Load balancers and machines are nearly all of it; groups, templates, policies and rules are free. On AWS you would delete the
# Auto Scaling groups **first** (they replace what you terminate), then the load balancers, their target groups, and the rest.
# *Here*, `reset_lab()` puts everything back.
#
# Next, what the page must never lose gets a home: **080-rds**.
