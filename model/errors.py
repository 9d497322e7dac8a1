"""The two ways in which something goes wrong: the user can mend it, or the program is wrong."""


class UserError(ValueError):
    """What its user can mend: a configuration, network, file or machine that cannot work; its text is one sentence."""


class Defect(RuntimeError):  # noqa: N818, an error is what a user makes
    """What must never happen, whatever the input: the program is wrong; its text says what was found."""


def require(condition: bool, sentence: str) -> None:
    """Raise :class:`UserError` with ``sentence`` unless ``condition`` holds."""
    if not condition:
        raise UserError(sentence)
