"""Pictures that show how a training or an evaluation went. They need matplotlib, but not its global state."""
