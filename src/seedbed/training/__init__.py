"""Training: tasks, losses, metrics, gradients and schedules that both engines share."""
