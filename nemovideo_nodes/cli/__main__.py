"""`python -m nemovideo_nodes.cli`: the command line without its script."""

from nemovideo_nodes.cli import main

main(prog_name="nemovideo")
