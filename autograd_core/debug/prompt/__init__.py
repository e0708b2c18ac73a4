"""The prompt at a stop: pdb with commands for the paused backward; also after an error."""
