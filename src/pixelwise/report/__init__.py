"""Pictures that show how a training or an evaluation went: needs matplotlib, leaves its global state alone."""
