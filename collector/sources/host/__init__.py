"""The power of the machine around the GPUs: its supplies, its CPUs, its memory."""
