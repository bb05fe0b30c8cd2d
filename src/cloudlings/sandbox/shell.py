"""A shell in the sandbox's environment, which stays so whatever the person's own start-up files set."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from cloudlings.sandbox.environment import ALSO_REMOVED

TOOLS = "CLOUDLINGS_TOOLS"
"""Names a folder whose programs go before all others in such a shell."""

# bash alone: other shells complete after `cloudlings --install-completion`.
_COMPLETIONS = """command -v aws_completer > /dev/null && complete -C aws_completer aws
_cloudlings_words() {
  local IFS=$'\\n'
  COMPREPLY=($(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD _CLOUDLINGS_COMPLETE=complete_bash "$1"))
}
complete -o default -F _cloudlings_words cloudlings
"""


def command(environment: Mapping[str, str], folder: Path, prompt: str) -> tuple[list[str], dict[str, str]]:
    """The command that starts the person's shell, and the environment to start it in.

    bash and zsh read the person's own files first, and then set what ``environment`` says about AWS
    once more. Other shells start without reading any. ``folder`` holds the files written for this.
    """
    shell = environment.get("SHELL") or "/bin/sh"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    last_word = _last_word(environment)
    given = dict(environment)
    if Path(shell).name == "bash":
        start = folder / "bashrc"
        own = f'PS1="({prompt}) $PS1"\n{_COMPLETIONS}'
        _write(start, f"[ -r ~/.bashrc ] && . ~/.bashrc\n{last_word}{own}")
        return [shell, "--rcfile", str(start), "-i"], given
    if Path(shell).name == "zsh":
        _write(folder / ".zshrc", f'[ -r ~/.zshrc ] && . ~/.zshrc\n{last_word}PROMPT="({prompt}) $PROMPT"\n')
        return [shell, "-i"], given | {"ZDOTDIR": str(folder)}
    # POSIX shells read the file that ENV names, when they are interactive.
    _write(folder / "shrc", f"{last_word}PS1='({prompt}) $ '\n")
    return [shell, "-i"], given | {"ENV": str(folder / "shrc")}


def exports(variables: Mapping[str, str]) -> str:
    """``export`` lines for a POSIX shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))


def _last_word(environment: Mapping[str, str]) -> str:
    """Take away every AWS variable that the start-up files brought in, then set ours."""
    ours = {k: v for k, v in environment.items() if k.startswith(("AWS_", "CLOUDLINGS_"))}
    ours |= {k: environment[k] for k in ("PYTHONPATH", "NO_PROXY", "no_proxy") if k in environment}
    names = "env | sed -n 's/^\\(AWS_[A-Za-z0-9_]*\\)=.*/\\1/p'"
    tools = environment.get(TOOLS)
    first = f'export PATH={shlex.quote(tools)}:"$PATH"\n' if tools else ""
    return f"unset $({names}) {' '.join(sorted(ALSO_REMOVED))}\n{exports(ours)}{first}"


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
