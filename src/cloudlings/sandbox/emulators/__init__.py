"""The emulators behind the gateway: a contract, and a file for each one."""
