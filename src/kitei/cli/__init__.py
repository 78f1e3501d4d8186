"""The command line: `kitei apply|decide|contract|order|cancel|claim|plan|apply-plan|status|why|bill|…`."""


def main() -> None:
    """The program's entry."""
    from kitei.cli.root import kitei

    kitei(prog_name="kitei", windows_expand_args=False)
