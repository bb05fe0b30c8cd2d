# Near-misses of 070-scaling: each loses the tasks that it names, and is told why. One trial is one person's hand-in,
# with a slip in several tasks.

# %% wrong="one-zone-and-defaults" task="six-urls" says=["requests are told", "paths with their case"]
# Method and query were not looked at.
def goes_to(request):
    _, url = request.split(" ")
    host, _, path = url.removeprefix("http://").partition("/")
    if path.lower().find(f"{brief.page}") >= 0:
        return "pages"  # rule 20; what rule 40 wants is always taken by it
    return "old" if host.lower().startswith("old.") else "main"


answer("six-urls", {request: goes_to(request) for request in brief.urls})

# %% wrong="one-zone-and-defaults" task="front" says=["was taken away", "a node in each of its subnets"]
# One of the two subnets is an app subnet: no way to the internet.
world = [{"CidrIp": "0.0.0.0/0"}]
door = security_group("booking-door", tcp(443, IpRanges=world), tcp(80, IpRanges=world))
made = elb.create_load_balancer(
    Name="booking", Subnets=[SUBNETS["web"][0], SUBNETS["app"][1]], SecurityGroups=[door]
)
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


# %% wrong="one-zone-and-defaults" task="routes" says=["nobody is ever ill"]
# Any answer is a good answer.
def target_group(name):
    made = elb.create_target_group(
        Name=name,
        Protocol="HTTP",
        Port=brief.app_port,
        VpcId=PORTAL,
        HealthCheckPath=brief.health_path,
        HealthCheckIntervalSeconds=10,
        Matcher={"HttpCode": "200-499"},
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

# %% wrong="one-zone-and-defaults" task="fleet" says=["spreads evenly over their zones", "are left"] ref="L07-M1"
# Both machines in one zone.
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
    VPCZoneIdentifier=SUBNETS["app"][0],
    TargetGroupARNs=[one["TargetGroupArn"] for one in mine],
    HealthCheckType="ELB",
    HealthCheckGracePeriod=brief.boot_seconds,
)

# %% wrong="one-zone-and-defaults" task="letters" says=["404", "well is what the program says"]
# Everything but the health page's codes.
asg.update_auto_scaling_group(
    AutoScalingGroupName=brief.letters,
    MinSize=2,
    DesiredCapacity=2,
    VPCZoneIdentifier=",".join(SUBNETS["app"]),
    HealthCheckType="ELB",
)
for arn in groups()[brief.letters]["TargetGroupARNs"]:
    elb.modify_target_group(TargetGroupArn=arn, Matcher={"HttpCode": "200-404"})
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


# %% wrong="one-zone-and-defaults" task="kill" says=["default termination policy"]
# The oldest machines first, whatever their zone.
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
answer("kill", {"killed": victim, "instead": new, "shrinks": ["oak", "oak"]})

# %% wrong="one-zone-and-defaults" task="track" says=["what grows must shrink"]
# It may only grow.
asg.put_scaling_policy(
    AutoScalingGroupName=fleet(),
    PolicyName="thermostat",
    PolicyType="TargetTrackingScaling",
    EstimatedInstanceWarmup=brief.boot_seconds,
    TargetTrackingConfiguration={
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        "TargetValue": brief.cpu,
        "DisableScaleIn": True,
    },
)

# %% wrong="one-zone-and-defaults" task="surge" says=["tile the line", "agreed is"] ref="L07-M5"
# The first step begins above the threshold: a hole.
threshold = brief.steps[0][0] - 10
ends = [start - threshold + 10 * (start == brief.steps[0][0]) * 0.3 for start, _ in brief.steps]
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

# %% wrong="one-zone-and-defaults" task="drain" says=["on which nobody says done"]
# The hook's default: an hour.
asg.put_lifecycle_hook(
    AutoScalingGroupName=fleet(),
    LifecycleHookName="last-logs",
    LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    DefaultResult="CONTINUE",
)
pattern = {
    "source": ["aws.autoscaling"],
    "detail-type": ["EC2 Instance-terminate Lifecycle Action"],
    "detail": {"AutoScalingGroupName": [fleet()]},
}
events.put_rule(Name="booking-terminates", EventPattern=json.dumps(pattern))
events.put_targets(Rule="booking-terminates", Targets=[{"Id": "drainer", "Arn": QUEUE}])

# %% wrong="one-zone-and-defaults" task="spot" says=["On-Demand", "what is left out is 0"]
# The percentage above the base was left out.
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

# %% wrong="one-zone-and-defaults" task="bill" says=["always_peak"]
# The load balancer's units were forgotten.
prices, sums = price_table(), brief.bill
machine_hour = prices[f"ec2.{sums['type']}"].usd
door_month = 730 * prices["lb.application.hour"].usd * 0
hours = sums["peak"] * sums["peak_hours"] + sums["base"] * (730 - sums["peak_hours"])
ramp = (brief.ramp - 2) * sums["ramp_hours"] * 22 * machine_hour
answer(
    "bill",
    {
        "always_peak": sums["peak"] * 730 * machine_hour + door_month,
        "scaled": hours * machine_hour + door_month,
        "ramp": ramp,
        "choose": "ramp" if ramp < 730 * machine_hour else "spare",
    },
)

# %% wrong="health-by-the-machine" task="front" says=["redirects to", "what a redirect does not name"]
# The port stays 80.
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
    DefaultActions=[{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "StatusCode": "HTTP_301"}}],
)


# %% wrong="health-by-the-machine" task="routes" says=["a pattern is compared with the whole path"]
# /api/* does not take /api.
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
    (20, [f"/{brief.api}/*"], {"Type": "forward", "TargetGroupArn": api}),
):
    elb.create_rule(
        ListenerArn=https,
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": paths}}],
        Actions=[action],
    )

# %% wrong="health-by-the-machine" task="fleet" says=["app death goes unseen"] ref="L07-M2"
# The group hears of dead machines only.
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
    HealthCheckType="EC2",
    HealthCheckGracePeriod=brief.boot_seconds,
)

# %% wrong="health-by-the-machine" task="letters" says=["app death goes unseen"] ref="L07-M2"
# Zones and doors, and not the check.
asg.update_auto_scaling_group(
    AutoScalingGroupName=brief.letters,
    MinSize=2,
    DesiredCapacity=2,
    VPCZoneIdentifier=",".join(SUBNETS["app"]),
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


# %% wrong="health-by-the-machine" task="kill" says=["an experiment changes"]
# The machine that came is said to be the one that went.
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
answer("kill", {"killed": new, "instead": victim, "shrinks": [first["name"], second["name"]]})

# %% wrong="health-by-the-machine" task="track" says=["follows ALBRequestCountPerTarget"]
# Requests of another load balancer.
asg.put_scaling_policy(
    AutoScalingGroupName=fleet(),
    PolicyName="thermostat",
    PolicyType="TargetTrackingScaling",
    EstimatedInstanceWarmup=brief.boot_seconds,
    TargetTrackingConfiguration={
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "ALBRequestCountPerTarget",
            "ResourceLabel": f"{balancers()[brief.letters].partition('loadbalancer/')[2]}/targetgroup/x/0123456789abcdef",
        },
        "TargetValue": brief.cpu * brief.full_machine / 100,
    },
)

# %% wrong="health-by-the-machine" task="drain" says=["a hook at", "last logs"]
# The wrong end of a machine's life.
asg.put_lifecycle_hook(
    AutoScalingGroupName=fleet(),
    LifecycleHookName="last-logs",
    LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
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

# %% wrong="health-by-the-machine" task="spot" says=["before new ones are kept away"]
# Saved first, taken off after.
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
answer("runbook", runbook[::-1])

# %% wrong="health-by-the-machine" task="bill" says=["contradicts its own sum"]
# The choice is turned round.
prices, sums = price_table(), brief.bill
machine_hour = prices[f"ec2.{sums['type']}"].usd
door_month = 730 * (prices["lb.application.hour"].usd + sums["lcu"] * prices["lb.application.lcu"].usd)
hours = sums["peak"] * sums["peak_hours"] + sums["base"] * (730 - sums["peak_hours"])
ramp = (brief.ramp - 2) * sums["ramp_hours"] * 22 * machine_hour
answer(
    "bill",
    {
        "always_peak": sums["peak"] * 730 * machine_hour + door_month,
        "scaled": hours * machine_hour + door_month,
        "ramp": ramp,
        "choose": "ramp" if ramp > 730 * machine_hour else "spare",
    },
)

# %% wrong="health-by-the-machine" task="surge" says=["after the spike has passed", "cooldown"] ref="L07-M6"
# Three simple policies with three alarms: right for one breach, then they wait.
for number, (start, add) in enumerate(brief.steps):
    policy = asg.put_scaling_policy(
        AutoScalingGroupName=fleet(),
        PolicyName=f"storm-{number}",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=add,
        Cooldown=900,
    )["PolicyARN"]
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName=f"booking-storm-{number}",
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "AutoScalingGroupName", "Value": fleet()}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        Threshold=start,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[policy],
    )

# %% wrong="open-to-the-world" task="front" says=["lets in", "front door"]
# The machines' port is open in the door as well.
world = [{"CidrIp": "0.0.0.0/0"}]
door = security_group(
    "booking-door", tcp(443, IpRanges=world), tcp(80, IpRanges=world), tcp(brief.app_port, IpRanges=world)
)
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


# %% wrong="open-to-the-world" task="routes" says=["everybody", "special case"]
# The internal part is read after the API.
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
    (30, [f"/{brief.api}/internal/*", f"/{brief.api}/internal"], no),
    (20, [f"/{brief.api}", f"/{brief.api}/*"], {"Type": "forward", "TargetGroupArn": api}),
):
    elb.create_rule(
        ListenerArn=https,
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": paths}}],
        Actions=[action],
    )

# %% wrong="open-to-the-world" task="fleet" says=["stranger", "named by the caller's security group"] ref="L07-M4"
# The machines let in the whole world on their port.
(front_group,) = elb.describe_load_balancers(LoadBalancerArns=[booking()])["LoadBalancers"][0][
    "SecurityGroups"
]
machines = security_group("booking-machines", tcp(brief.app_port, IpRanges=[{"CidrIp": "0.0.0.0/0"}]))
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

# %% wrong="open-to-the-world" task="letters" says=["stranger", "named by the caller's security group"] ref="L07-M4"
# The whole network in place of the whole world.
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
    GroupId=machines_group["GroupId"],
    IpPermissions=[tcp(brief.letters_port, IpRanges=[{"CidrIp": brief.vpc_cidr}])],
)


# %% wrong="open-to-the-world" task="kill" says=["ran before already"]
# The neighbour that was there all the time.
import time


def first_to_go(machines):
    zones = [one["zone"] for one in machines]
    rich = [one for one in machines if zones.count(one["zone"]) == max(map(zones.count, zones))]
    old = [one for one in rich if one["template"] == min(each["template"] for each in rich)]
    return max(old, key=lambda one: one["minutes"] % 60)


first = first_to_go(brief.machines)
second = first_to_go([one for one in brief.machines if one != first])
before = members(fleet())
# EC2 tells times by the second.
time.sleep(1.1)
victim = sorted(before)[0]
ec2.terminate_instances(InstanceIds=[victim])
(new,) = set(members(fleet())) - set(before)
answer("kill", {"killed": victim, "instead": sorted(before)[1], "shrinks": [first["name"], second["name"]]})

# %% wrong="open-to-the-world" task="track" says=["machines serve at"]
# Ten per cent is cautious, and dear.
asg.put_scaling_policy(
    AutoScalingGroupName=fleet(),
    PolicyName="thermostat",
    PolicyType="TargetTrackingScaling",
    EstimatedInstanceWarmup=brief.boot_seconds,
    TargetTrackingConfiguration={
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        "TargetValue": brief.cpu - 10,
    },
)

# %% wrong="open-to-the-world" task="surge" says=["in London", "time zone moves in summer"]
# UTC: right in winter.
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
        MinSize=least,
        MaxSize=brief.most,
        DesiredCapacity=least,
    )

# %% wrong="open-to-the-world" task="drain" says=["takes more", "another-group"]
# Every group's machines.
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
}
events.put_rule(Name="booking-terminates", EventPattern=json.dumps(pattern))
events.put_targets(Rule="booking-terminates", Targets=[{"Id": "drainer", "Arn": QUEUE}])

# %% wrong="open-to-the-world" task="spot" says=["of 120"]
# The delay is as it was.
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
who = "$.detail.instance-id"
runbook = [
    {
        "call": "elbv2:DeregisterTargets",
        "input": {"TargetGroupArn": jobs["TargetGroupArn"], "Targets": [{"Id": who}]},
    },
    {"call": "s3:PutObject", "input": {"Bucket": brief.checkpoint_bucket, "Key": who}},
]
answer("runbook", runbook)

# %% wrong="open-to-the-world" task="bill" says=["ramp"]
# The two that run anyway are counted once more.
prices, sums = price_table(), brief.bill
machine_hour = prices[f"ec2.{sums['type']}"].usd
door_month = 730 * (prices["lb.application.hour"].usd + sums["lcu"] * prices["lb.application.lcu"].usd)
hours = sums["peak"] * sums["peak_hours"] + sums["base"] * (730 - sums["peak_hours"])
ramp = brief.ramp * sums["ramp_hours"] * 22 * machine_hour
answer(
    "bill",
    {
        "always_peak": sums["peak"] * 730 * machine_hour + door_month,
        "scaled": hours * machine_hour + door_month,
        "ramp": ramp,
        "choose": "ramp" if ramp < 730 * machine_hour else "spare",
    },
)

# %% wrong="replaced-for-ever" task="front" says=["the page's name is"]
# The certificate of a name that nobody types.
world = [{"CidrIp": "0.0.0.0/0"}]
door = security_group("booking-door", tcp(443, IpRanges=world), tcp(80, IpRanges=world))
made = elb.create_load_balancer(Name="booking", Subnets=SUBNETS["web"], SecurityGroups=[door])
front = made["LoadBalancers"][0]["LoadBalancerArn"]
certificate = next(
    one["CertificateArn"]
    for one in boto3.client("acm").list_certificates()["CertificateSummaryList"]
    if one["DomainName"] != brief.domain
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


# %% wrong="replaced-for-ever" task="routes" says=["tite"]
# Whatever begins with the word is the API's.
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
    (20, [f"/{brief.api}*"], {"Type": "forward", "TargetGroupArn": api}),
):
    elb.create_rule(
        ListenerArn=https,
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": paths}}],
        Actions=[action],
    )

# %% wrong="replaced-for-ever" task="fleet" says=["replaced before it is ready"]
# Judged while it boots.
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
    HealthCheckGracePeriod=30,
)

# %% wrong="replaced-for-ever" task="letters" says=["at least 1 machine", "0 are left"]
# Two zones, and one machine.
asg.update_auto_scaling_group(
    AutoScalingGroupName=brief.letters,
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

# %% wrong="replaced-for-ever" task="surge" says=["another time to come down"]
# What goes up stays up.
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


for name, recurrence, least in (("morning", at(brief.opening, brief.boot_seconds // 60 + 10), brief.ramp),):
    asg.put_scheduled_update_group_action(
        AutoScalingGroupName=fleet(),
        ScheduledActionName=name,
        Recurrence=recurrence,
        TimeZone="Europe/London",
        MinSize=least,
        MaxSize=brief.most,
        DesiredCapacity=least,
    )

# %% wrong="replaced-for-ever" task="drain" says=["nobody knows"]
# A rule without a target.
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
pass

# %% wrong="replaced-for-ever" task="spot" says=["names its own instance"]
# One instance, for every warning.
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
who = "i-0123456789abcdef0"
runbook = [
    {
        "call": "elbv2:DeregisterTargets",
        "input": {"TargetGroupArn": jobs["TargetGroupArn"], "Targets": [{"Id": who}]},
    },
    {"call": "s3:PutObject", "input": {"Bucket": brief.checkpoint_bucket, "Key": who}},
]
answer("runbook", runbook)

# %% wrong="by-addresses" task="front" says=["(302)"]
# For now, not for good.
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
        {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_302"}}
    ],
)


# %% wrong="by-addresses" task="routes" says=["tls ends at the load balancer"]
# The machines' own port was forgotten.
def target_group(name):
    made = elb.create_target_group(
        Name=name,
        Protocol="HTTP",
        Port=80,
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

# %% wrong="by-addresses" task="fleet" says=["stranger"]
# Who lives in the web subnets, in place of the load balancer.
(front_group,) = elb.describe_load_balancers(LoadBalancerArns=[booking()])["LoadBalancers"][0][
    "SecurityGroups"
]
machines = security_group(
    "booking-machines", tcp(brief.app_port, IpRanges=[{"CidrIp": block} for block in brief.subnets["web"]])
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

# %% wrong="by-addresses" task="surge" says=["and not this group"]
# The alarm watches another group.
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
    Dimensions=[{"Name": "AutoScalingGroupName", "Value": brief.letters}],
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

# %% wrong="by-addresses" task="drain" says=["before its last logs"]
# Half the time.
asg.put_lifecycle_hook(
    AutoScalingGroupName=fleet(),
    LifecycleHookName="last-logs",
    LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    HeartbeatTimeout=brief.drain_seconds // 2,
    DefaultResult="CONTINUE",
)
pattern = {
    "source": ["aws.autoscaling"],
    "detail-type": ["EC2 Instance-terminate Lifecycle Action"],
    "detail": {"AutoScalingGroupName": [fleet()]},
}
events.put_rule(Name="booking-terminates", EventPattern=json.dumps(pattern))
events.put_targets(Rule="booking-terminates", Targets=[{"Id": "drainer", "Arn": QUEUE}])

# %% wrong="by-addresses" task="spot" says=["one pool"]
# One type.
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
            "Overrides": [{"InstanceType": name} for name in brief.types[:1]],
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

# %% wrong="by-addresses" task="track" says=["machines serve at"]
# The number of requests of a full machine.
asg.put_scaling_policy(
    AutoScalingGroupName=fleet(),
    PolicyName="thermostat",
    PolicyType="TargetTrackingScaling",
    EstimatedInstanceWarmup=brief.boot_seconds,
    TargetTrackingConfiguration={
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "ALBRequestCountPerTarget",
            "ResourceLabel": "/".join(
                arn.split(key)[1]
                for arn, key in (
                    (booking(), "loadbalancer/"),
                    (
                        elb.describe_target_groups(LoadBalancerArn=booking())["TargetGroups"][0][
                            "TargetGroupArn"
                        ],
                        f"{ACCOUNT}:",
                    ),
                )
            ),
        },
        "TargetValue": brief.full_machine,
    },
)

# %% wrong="half-of-it" task="front" says=["in clear", "it needs an https listener"]
# A listener on 443 that speaks HTTP.
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
    Protocol="HTTP",
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


# %% wrong="half-of-it" task="routes" says=["one right answer"]
# The front page is asked for in place of the health page.
def target_group(name):
    made = elb.create_target_group(
        Name=name,
        Protocol="HTTP",
        Port=brief.app_port,
        VpcId=PORTAL,
        HealthCheckPath="/",
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

# %% wrong="half-of-it" task="fleet" says=["is not registered with"]
# Registered with one of the two.
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
    TargetGroupARNs=[mine[0]["TargetGroupArn"]],
    HealthCheckType="ELB",
    HealthCheckGracePeriod=brief.boot_seconds,
)

# %% wrong="half-of-it" task="surge" says=["a least size is not"]
# A wish, which the next idle quarter of an hour takes back.
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
        MinSize=2,
        MaxSize=brief.most,
        DesiredCapacity=least,
    )

# %% wrong="half-of-it" task="spot" says=["the cheapest pool"]
# The cheapest pool, and no rebalancing.
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
            "SpotAllocationStrategy": "lowest-price",
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


# %% wrong="from-an-old-page" task="routes" says=["page's group as well"]
# One group for both.
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
    (20, [f"/{brief.api}", f"/{brief.api}/*"], {"Type": "forward", "TargetGroupArn": page}),
):
    elb.create_rule(
        ListenerArn=https,
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": paths}}],
        Actions=[action],
    )

# %% wrong="from-an-old-page" task="fleet" says=["imdsv2"]
# Metadata without a token.
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
        "MetadataOptions": {"HttpTokens": "optional", "HttpEndpoint": "enabled"},
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

# %% wrong="from-an-old-page" task="surge" says=["after the spike has passed"]
# Five-minute periods.
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
    Period=300,
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

# %% wrong="from-an-old-page" task="spot" says=["is not asked to listen"]
# The recommendation is heard, and the notice is not.
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
warning = {"source": ["aws.ec2"], "detail-type": ["EC2 Instance Rebalance Recommendation"]}
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

# %% wrong="public-machines" task="fleet" says=["a public subnet"]
# Machines beside the load balancer.
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
    VPCZoneIdentifier=",".join(SUBNETS["web"]),
    TargetGroupARNs=[one["TargetGroupArn"] for one in mine],
    HealthCheckType="ELB",
    HealthCheckGracePeriod=brief.boot_seconds,
)

# %% wrong="public-machines" task="surge" says=["differences from the alarm's threshold"]
# Bounds as CPU values.
threshold = brief.steps[0][0]
ends = [start for start, _ in brief.steps]
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


# %% wrong="public-machines" task="six-urls" says=["names none of"]
# Numbers in place of names.
def goes_to(request):
    method, url = request.split(" ")
    host, _, path = url.removeprefix("http://").partition("/")
    if path.partition("?")[0].startswith(f"{brief.page}/") and method in ("GET", "HEAD"):
        return "pages"  # rule 20; what rule 40 wants is always taken by it
    return "old" if host.lower().startswith("old.") else "main"


answer("six-urls", dict.fromkeys(brief.urls, 20))


# %% wrong="public-machines" task="kill" says=["was no machine of group"]
# Another group's machine.
def first_to_go(machines):
    zones = [one["zone"] for one in machines]
    rich = [one for one in machines if zones.count(one["zone"]) == max(map(zones.count, zones))]
    old = [one for one in rich if one["template"] == min(each["template"] for each in rich)]
    return max(old, key=lambda one: one["minutes"] % 60)


first = first_to_go(brief.machines)
second = first_to_go([one for one in brief.machines if one != first])
before = members(brief.letters)
victim = sorted(before)[0]
ec2.terminate_instances(InstanceIds=[victim])
(new,) = set(members(brief.letters)) - set(before)
answer("kill", {"killed": victim, "instead": new, "shrinks": [first["name"], second["name"]]})

# %% wrong="public-machines" task="spot" says=["launches in", "its subnets are"]
# Beside the front, one of them.
template = groups()[fleet()]["LaunchTemplate"]["LaunchTemplateId"]
(jobs,) = elb.describe_target_groups(Names=[brief.reports])["TargetGroups"]
asg.create_auto_scaling_group(
    AutoScalingGroupName="night-reports",
    MinSize=0,
    MaxSize=brief.reports_most,
    VPCZoneIdentifier=",".join([*SUBNETS["app"][:1], *SUBNETS["web"][1:]]),
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

# %% wrong="large-and-slow" task="fleet" says=["a t3.small was asked for"]
# Another type than the one that was measured.
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
        "InstanceType": "t3.large",
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

# %% wrong="large-and-slow" task="surge" says=["rings after 180 seconds"]
# Three minutes instead of two.
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
    EvaluationPeriods=3,
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

# %% wrong="large-and-slow" task="spot" says=["also takes", "two minutes left"]
# Everything that EC2 says.
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
warning = {"source": ["aws.ec2"]}
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

# %% wrong="every-five-minutes" task="fleet" says=["leaves detailed monitoring off"]
# What a template does not say is off.
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

# %% wrong="every-five-minutes" task="surge" says=["rings after 300 seconds"]
# One period, and a long one.
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
    Period=300,
    EvaluationPeriods=1,
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


# %% wrong="every-five-minutes" task="routes" says=["can be asked by everybody"]
# Shut for those who asked last week.
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
strangers = {"Field": "source-ip", "SourceIpConfig": {"Values": ["198.51.100.0/24"]}}
for priority, paths, action, more in (
    (10, [f"/{brief.api}/internal/*", f"/{brief.api}/internal"], no, [strangers]),
    (20, [f"/{brief.api}", f"/{brief.api}/*"], {"Type": "forward", "TargetGroupArn": api}, []),
):
    elb.create_rule(
        ListenerArn=https,
        Priority=priority,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": paths}}, *more],
        Actions=[action],
    )

# %% wrong="two-doors" task="front" says=["load balancers could be", "booking-2"] also=["routes", "fleet", "kill", "track", "surge", "drain"]
# A second door, in case the first is crowded.
world = [{"CidrIp": "0.0.0.0/0"}]
door = security_group("booking-door", tcp(443, IpRanges=world), tcp(80, IpRanges=world))
certificate = next(
    one["CertificateArn"]
    for one in boto3.client("acm").list_certificates()["CertificateSummaryList"]
    if one["DomainName"] == brief.domain
)
soon = {"StatusCode": "503", "ContentType": "text/plain", "MessageBody": "We open soon."}
for name in ("booking", "booking-2"):
    made = elb.create_load_balancer(Name=name, Subnets=SUBNETS["web"], SecurityGroups=[door])
    front = made["LoadBalancers"][0]["LoadBalancerArn"]
    elb.create_listener(
        LoadBalancerArn=front,
        Port=443,
        Protocol="HTTPS",
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": soon}],
    )
    to_https = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    elb.create_listener(
        LoadBalancerArn=front,
        Port=80,
        Protocol="HTTP",
        DefaultActions=[{"Type": "redirect", "RedirectConfig": to_https}],
    )

# %% wrong="two-doors" task="letters" says=["are not both there"]
# The old service's door goes first.
for old in elb.describe_load_balancers(Names=[brief.letters])["LoadBalancers"]:
    elb.delete_load_balancer(LoadBalancerArn=old["LoadBalancerArn"])

# %% wrong="two-doors" task="spot" says=["Registered with target group"]
# The runbook, and no group yet.
(jobs,) = elb.describe_target_groups(Names=[brief.reports])["TargetGroups"]
who = "$.detail.instance-id"
off = {"TargetGroupArn": jobs["TargetGroupArn"], "Targets": [{"Id": who}]}
put = {"Bucket": brief.checkpoint_bucket, "Key": who}
answer("runbook", [{"call": "elbv2:DeregisterTargets", "input": off}, {"call": "s3:PutObject", "input": put}])

# %% wrong="two-doors" task="bill" says=["'", "always_peak"]
# The sum as it is printed.
prices, sums = price_table(), brief.bill
machine_hour = prices[f"ec2.{sums['type']}"].usd
answer("bill", {"always_peak": f"{sums['peak'] * 730 * machine_hour:.2f} USD", "choose": "ramp"})

# %% wrong="two-groups" task="fleet" says=["groups serve the page", "one wish"] also=["kill", "track", "surge", "drain"]
# A group for the page, and one for the API; each serves both.
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
for name in ("booking-page", "booking-api"):
    asg.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": "booking", "Version": "$Latest"},
        MinSize=2,
        MaxSize=brief.most,
        VPCZoneIdentifier=",".join(SUBNETS["app"]),
        TargetGroupARNs=[one["TargetGroupArn"] for one in mine],
        HealthCheckType="ELB",
        HealthCheckGracePeriod=brief.boot_seconds,
    )

# %% wrong="two-groups" task="letters" says=["with no target group"]
# Taken off its load balancer, to be repaired in peace.
asg.update_auto_scaling_group(
    AutoScalingGroupName=brief.letters,
    MinSize=2,
    DesiredCapacity=2,
    VPCZoneIdentifier=",".join(SUBNETS["app"]),
    HealthCheckType="ELB",
)
asg.detach_load_balancer_target_groups(
    AutoScalingGroupName=brief.letters, TargetGroupARNs=groups()[brief.letters]["TargetGroupARNs"]
)

# %% wrong="inside-only" task="front" says=["scheme internal", "private addresses"]
# All is right, and safe inside.
world = [{"CidrIp": "0.0.0.0/0"}]
door = security_group("booking-door", tcp(443, IpRanges=world), tcp(80, IpRanges=world))
made = elb.create_load_balancer(
    Name="booking", Scheme="internal", Subnets=SUBNETS["web"], SecurityGroups=[door]
)
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
    DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": soon}],
)
to_https = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
elb.create_listener(
    LoadBalancerArn=front,
    Port=80,
    Protocol="HTTP",
    DefaultActions=[{"Type": "redirect", "RedirectConfig": to_https}],
)

# %% wrong="inside-only" task="fleet" says=["none is registered with the target groups of page and API", "nobody to send a visitor to"] also=["kill", "track", "surge", "drain"]
# The machines serve the pictures only: page and API have nobody.
pictures = elb.create_target_group(
    Name="booking-pictures", Protocol="HTTP", Port=brief.app_port, VpcId=PORTAL
)["TargetGroups"][0]["TargetGroupArn"]
elb.create_rule(
    ListenerArn=listener(booking(), 443),
    Priority=5,
    Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/pictures/*"]}}],
    Actions=[{"Type": "forward", "TargetGroupArn": pictures}],
)
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
for name in ("booking",):
    asg.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": "booking", "Version": "$Latest"},
        MinSize=2,
        MaxSize=brief.most,
        VPCZoneIdentifier=",".join(SUBNETS["app"]),
        TargetGroupARNs=[pictures],
        HealthCheckType="ELB",
        HealthCheckGracePeriod=brief.boot_seconds,
    )

# %% wrong="inside-only" task="letters" says=["zone"]
# The stranger is shut out, and that is all.
(old,) = ec2.describe_security_groups(Filters=where("group-name", "letters-machines"))["SecurityGroups"]
ec2.revoke_security_group_ingress(GroupId=old["GroupId"], IpPermissions=old["IpPermissions"])
(door,) = ec2.describe_security_groups(Filters=where("group-name", "letters-door"))["SecurityGroups"]
from_it = [{"GroupId": door["GroupId"]}]
ec2.authorize_security_group_ingress(
    GroupId=old["GroupId"], IpPermissions=[tcp(brief.letters_port, UserIdGroupPairs=from_it)]
)

# %% wrong="small-and-quiet" task="fleet" says=["may grow to 3"]
# Three machines were always enough.
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
for name in ("booking",):
    asg.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": "booking", "Version": "$Latest"},
        MinSize=2,
        MaxSize=3,
        VPCZoneIdentifier=",".join(SUBNETS["app"]),
        TargetGroupARNs=[one["TargetGroupArn"] for one in mine],
        HealthCheckType="ELB",
        HealthCheckGracePeriod=brief.boot_seconds,
    )

# %% wrong="small-and-quiet" task="kill" says=["i-0 came for it"]
# The right machine was ended; nobody looked which one came.
victim = sorted(members(fleet()))[0]
ec2.terminate_instances(InstanceIds=[victim])
answer("kill", {"killed": victim, "instead": "i-0", "shrinks": []})


# %% wrong="small-and-quiet" task="surge" says=["step"]
# A timetable, and no policy.
def at(time, earlier=0):
    hour, minute = map(int, time.split(":"))
    hour, minute = divmod(hour * 60 + minute - earlier, 60)
    return f"{minute} {hour} * * 1-5"


for name, recurrence, least in (
    ("morning", at(brief.opening, brief.boot_seconds // 60 + 10), 3),
    ("evening", at(brief.closing), 2),
):
    asg.put_scheduled_update_group_action(
        AutoScalingGroupName=fleet(),
        ScheduledActionName=name,
        Recurrence=recurrence,
        TimeZone="Europe/London",
        MinSize=least,
        DesiredCapacity=least,
    )

# %% wrong="second-zone-later" task="fleet" says=["was taken away", "it reaches no machine", "must share their zones"]
# The second zone was added when the machines of the first one ran already; nobody looked where they are.
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
    VPCZoneIdentifier=SUBNETS["app"][0],
    TargetGroupARNs=[one["TargetGroupArn"] for one in mine],
    HealthCheckType="ELB",
    HealthCheckGracePeriod=brief.boot_seconds,
)
asg.update_auto_scaling_group(AutoScalingGroupName="booking", VPCZoneIdentifier=",".join(SUBNETS["app"]))

# %% wrong="second-zone-later" task="kill" says=["it is running", "an experiment changes"]
# Nobody dared to end one.
one, other = sorted(members(fleet()))
answer("kill", {"killed": one, "instead": other, "shrinks": []})
