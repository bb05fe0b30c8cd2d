"""What reaches what in a VPC, hop by hop, there and back. See docs/architecture.md.

    network = load_topology(json)             # or read through boto3
    answer = trace(network, "internet", "i-0abc…", "tcp", 443)
    print(answer.sentence)

"""
