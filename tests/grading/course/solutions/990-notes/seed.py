def seed(accounts, brief):
    accounts["main"].client("ssm").put_parameter(Name="/notes/setting", Value="broken", Type="String")
