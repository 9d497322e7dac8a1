"""What a command says when it fails: a sentence to a user who can mend it, else that the program is wrong."""

import traceback

from mint.console import messages
from model.errors import UserError

USER, DEFECT = 2, 70
"""Exit statuses: of an error that the user can mend, and of a defect (EX_SOFTWARE of sysexits.h)."""


def sentence(error: BaseException) -> str | None:
    """What a user can do about an error, in one line; ``None`` where it is a defect of the program."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # the latter: PyTorch's, of a GPU
        return f"not enough memory ({error or 'for an array'}); take fewer images, or a smaller network"
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(str(part) for part in (error.filename, error.strerror.lower()) if part is not None)
    return None


def explain(error: BaseException) -> int:
    """Print what is wrong to stderr, of a defect all that a report of it needs; returns the exit status."""
    if (text := sentence(error)) is not None:
        messages.print(f"error: {text}", style="red", soft_wrap=True)
        return USER
    from mint.report import command_line, tool_versions

    found = f"{type(error).__name__}: {error}".removeprefix("Defect: ")
    versions = ", ".join(f"{name} {version}" for name, version in tool_versions().items())
    messages.print("".join(traceback.format_exception(error)).rstrip(), soft_wrap=True)
    messages.print(f"defect: {found}", style="red", soft_wrap=True)
    messages.print(
        "This is a defect of mint-snn, not of your input. Please report it with the lines above and these:\n"
        f"command: {command_line()}\nversions: {versions}",
        soft_wrap=True,
    )
    return DEFECT
