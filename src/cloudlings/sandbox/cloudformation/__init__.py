"""What a CloudFormation template says, and what a resource of each type takes: pure, without an account.

``template`` reads it, ``parameters`` fills its parameters in, ``functions`` resolves its intrinsic functions,
``graph`` orders its resources, ``schema`` knows AWS's properties of every type, ``kinds`` what each type
that is carried out here does (data: ``resources/*.yaml``), ``changes`` what an update changes. The
operations that use them are in ``own/cloudformation``.
"""
