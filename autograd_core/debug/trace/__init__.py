"""The recorded run: tables of nodes, edges, steps and runs; questions to it; its file."""
