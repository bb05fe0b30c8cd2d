"""``python -m cloudlings.sandbox.emulators NAME``: one emulator's process, started by the gateway."""

from cloudlings.sandbox.emulators.served import main

main()
