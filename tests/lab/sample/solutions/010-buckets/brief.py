from cloudlings.lab import names


def brief(rng):
    team = names.team(rng)
    app, data = names.cidrs(rng, 2, prefix=24)
    return {
        "team": team,
        "bucket": names.bucket(rng, team, "reports"),
        "subnets": [app, data],
        "limit": {"days": names.threshold(rng, 30, 90, 10), "strict": True},
    }
