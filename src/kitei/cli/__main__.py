"""`python -m kitei.cli`."""

from kitei.cli import main

main()
