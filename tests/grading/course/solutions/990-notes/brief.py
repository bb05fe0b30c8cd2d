def brief(rng):
    return {
        "bucket": f"notes-{rng.randrange(10**8):08d}",
        "word": rng.choice(["oak", "elm", "ash"]) + str(rng.randrange(1000)),
    }
