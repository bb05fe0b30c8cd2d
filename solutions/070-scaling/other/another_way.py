# Other right answers: a wildcard certificate, rules by host, requests per target, a warm pool, two alarms, all days listed.

# %% task="front"
# A certificate for every name of the company, a group for each port, another name for all.
made = boto3.client("acm").request_certificate(DomainName="*.hazelmere.example", ValidationMethod="DNS")
world = [{"CidrIp": "0.0.0.0/0"}]
doors = [security_group(f"tür {port}".replace("ü", "ue"), tcp(port, IpRanges=world)) for port in (443, 80)]
arn = elb.create_load_balancer(Name="pforte", Subnets=SUBNETS["web"][::-1], SecurityGroups=doors)
arn = arn["LoadBalancers"][0]["LoadBalancerArn"]
elb.create_listener(
    LoadBalancerArn=arn,
    Port=80,
    Protocol="HTTP",
    DefaultActions=[
        {
            "Type": "redirect",
            "RedirectConfig": {
                "Protocol": "HTTPS",
                "Port": "443",
                "Host": "#{host}",
                "Path": "/#{path}",
                "Query": "#{query}",
                "StatusCode": "HTTP_301",
            },
        }
    ],
)
elb.create_listener(
    LoadBalancerArn=arn,
    Port=443,
    Protocol="HTTPS",
    Certificates=[{"CertificateArn": made["CertificateArn"]}],
    DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}],
)
# For the house's own screens: inside, on another port, and nothing of the page's.
inside = elb.create_load_balancer(
    Name="innen", Scheme="internal", Subnets=SUBNETS["app"], SecurityGroups=doors
)
elb.create_listener(
    LoadBalancerArn=inside["LoadBalancers"][0]["LoadBalancerArn"],
    Port=8080,
    Protocol="HTTP",
    DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
)

# %% task="routes"
# The internal part in two rules, the API by host and path; a group that nobody uses stays.
names = {}
for name in ("seite", "schnittstelle", "unused"):
    made = elb.create_target_group(
        Name=name, Protocol="HTTP", Port=brief.app_port, VpcId=PORTAL, HealthCheckPath=brief.health_path,
        Matcher={"HttpCode": f"{brief.health_code}-{brief.health_code}"},
    )  # fmt: skip
    names[name] = made["TargetGroups"][0]["TargetGroupArn"]
https = listener(booking(), 443)
weighted = {"TargetGroups": [{"TargetGroupArn": names["seite"], "Weight": 1}]}
elb.modify_listener(ListenerArn=https, DefaultActions=[{"Type": "forward", "ForwardConfig": weighted}])


def path(*patterns):
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(patterns)}}


to_api = [{"Type": "forward", "TargetGroupArn": names["schnittstelle"]}]
host = {"Field": "host-header", "HostHeaderConfig": {"Values": [brief.domain.upper()]}}
elb.create_rule(ListenerArn=https, Priority=200, Conditions=[host, path(f"/{brief.api}/*")], Actions=to_api)
elb.create_rule(ListenerArn=https, Priority=300, Conditions=[path(f"/{brief.api}")], Actions=to_api)
elb.create_rule(
    ListenerArn=https,
    Priority=1,
    Conditions=[path(f"/{brief.api}/internal/*")],
    Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403", "MessageBody": "no"}}],
)

# %% task="fleet"
# The template as its default version, the card with its groups inside; more zones' worth of machines, a warm pool.
front_groups = elb.describe_load_balancers(LoadBalancerArns=[booking()])["LoadBalancers"][0]["SecurityGroups"]
callers = [{"GroupId": one} for one in front_groups]
machines = security_group("werkstatt", tcp(brief.app_port, UserIdGroupPairs=callers))
template = ec2.create_launch_template(
    LaunchTemplateName="werkstatt",
    LaunchTemplateData={
        "ImageId": IMAGE,
        "InstanceType": "t3.small",
        "IamInstanceProfile": {"Name": "hazelmere-web"},
        "MetadataOptions": {"HttpTokens": "required"},
        "Monitoring": {"Enabled": True},
        "SecurityGroupIds": [machines],
    },
)["LaunchTemplate"]["LaunchTemplateId"]
used = {
    one["TargetGroupArn"] for one in elb.describe_target_groups(LoadBalancerArn=booking())["TargetGroups"]
}
asg.create_auto_scaling_group(
    AutoScalingGroupName="Werkstatt am Morgen",
    LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
    MinSize=3,
    MaxSize=brief.most + 4,
    VPCZoneIdentifier=",".join(SUBNETS["app"][::-1]),
    TargetGroupARNs=sorted(used),
    HealthCheckType="ELB",
    HealthCheckGracePeriod=2 * brief.boot_seconds,
)
asg.put_warm_pool(AutoScalingGroupName="Werkstatt am Morgen", MinSize=1)
# For trials, and empty: it serves nobody.
asg.create_auto_scaling_group(
    AutoScalingGroupName="Probe",
    LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
    MinSize=0,
    MaxSize=1,
    VPCZoneIdentifier=SUBNETS["app"][0],
)

# %% task="track"
# Requests per target in place of CPU.
page = elb.describe_listeners(ListenerArns=[listener(booking(), 443)])["Listeners"][0]["DefaultActions"][0]
page = page.get("TargetGroupArn") or page["ForwardConfig"]["TargetGroups"][0]["TargetGroupArn"]
asg.put_scaling_policy(
    AutoScalingGroupName=fleet(),
    PolicyName="requests",
    PolicyType="TargetTrackingScaling",
    TargetTrackingConfiguration={
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "ALBRequestCountPerTarget",
            "ResourceLabel": f"{booking().partition('loadbalancer/')[2]}/{page.rpartition(':')[2]}",
        },
        "TargetValue": brief.full_machine * brief.cpu / 100,
    },
)

# %% task="surge"
# The threshold lies below the first step, in a policy with an idle part; a second policy shrinks; days by name.
first = brief.steps[0][0]
rows = [(first - 20, 0), *brief.steps]
bounds = [start - (first - 20) for start, _ in rows]
arn = asg.put_scaling_policy(
    AutoScalingGroupName=fleet(),
    PolicyName="sturm",
    PolicyType="StepScaling",
    AdjustmentType="ChangeInCapacity",
    StepAdjustments=[
        {"MetricIntervalLowerBound": low, "ScalingAdjustment": add}
        | ({"MetricIntervalUpperBound": high} if high else {})
        for low, high, (_, add) in zip(bounds, [*bounds[1:], None], rows, strict=True)
    ],
)["PolicyARN"]
down = asg.put_scaling_policy(
    AutoScalingGroupName=fleet(),
    PolicyName="ruhe",
    PolicyType="StepScaling",
    AdjustmentType="PercentChangeInCapacity",
    StepAdjustments=[{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -20}],
)["PolicyARN"]
own = [{"Name": "AutoScalingGroupName", "Value": fleet()}]
for name, compares, threshold, policy in (
    ("sturm", "GreaterThanOrEqualToThreshold", first - 20, arn),
    ("ruhe", "LessThanThreshold", 20, down),
):
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName=name, Namespace="AWS/EC2", MetricName="CPUUtilization", Dimensions=own, Statistic="Average",
        Period=60, EvaluationPeriods=1, Threshold=threshold, ComparisonOperator=compares, AlarmActions=[policy],
    )  # fmt: skip
hour, minute = map(int, brief.opening.split(":"))
hour, minute = divmod(60 * hour + minute - 25, 60)
evening, past = brief.closing.split(":")
for day in ("MON", "TUE", "WED", "THU", "FRI"):
    for name, when, least in (
        ("auf", f"{minute} {hour} * * {day}", brief.ramp),
        ("zu", f"{past} {evening} * * {day}", 2),
    ):
        asg.put_scheduled_update_group_action(
            AutoScalingGroupName=fleet(), ScheduledActionName=f"{name}-{day}", Recurrence=when,
            TimeZone="Europe/London", MinSize=least,
        )  # fmt: skip
